// Folding: keys whose value goes over several lines, and comments of several lines.
import { pairRange, type ValueAst } from "../ast.ts";
import type { ParseResult } from "../parse.ts";
import { positionAt } from "../source.ts";
import { contentEnd } from "./content-end.ts";

/** Lines that fold into the first of them. */
export interface FoldingRange {
  readonly startLine: number;
  readonly endLine: number;
  readonly kind?: "comment";
}

/** What can be folded. */
export function provideFolding(document: ParseResult): FoldingRange[] {
  const { root } = document;
  return [...(root ? foldsIn(root, document, 0) : []), ...commentFolds(document)];
}

function* foldsIn(value: ValueAst, document: ParseResult, from: number): Generator<FoldingRange> {
  if (value.kind === "scalar" || value.range.start < from) return; // an alias stands for what is before it
  if (value.kind === "list") {
    for (const item of value.items) {
      const fold =
        item.range.start >= value.range.start ? foldOf(item.range.start, item.range.end, document) : undefined;
      if (item.kind !== "scalar" && fold) yield fold;
      yield* foldsIn(item, document, value.range.start);
    }
    return;
  }
  for (const pair of value.pairs) {
    const { start, end } = pairRange(pair);
    const fold = pair.value.range.start >= pair.key.range.end ? foldOf(start, end, document) : undefined;
    if (fold) yield fold;
    yield* foldsIn(pair.value, document, pair.key.range.end);
  }
}

function foldOf(start: number, end: number, { text, lines }: ParseResult): FoldingRange | undefined {
  const startLine = positionAt(lines, start).line;
  const endLine = positionAt(lines, contentEnd(text, { start, end })).line;
  return endLine > startLine ? { startLine, endLine } : undefined;
}

function* commentFolds({ text, lines }: ParseResult): Generator<FoldingRange> {
  let first: number | undefined;
  const isComment = (line: number) =>
    /^[ \t]*#/.test(text.slice(lines[line], Math.min(lines[line]! + 200, lines[line + 1] ?? text.length)));
  for (let line = 0; line <= lines.length; line++) {
    if (line < lines.length && isComment(line)) first ??= line;
    else if (first !== undefined) {
      if (line - 1 > first) yield { startLine: first, endLine: line - 1, kind: "comment" };
      first = undefined;
    }
  }
}
