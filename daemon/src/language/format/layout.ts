// Layout: the whitespace between tokens, and the edits that make it. Lines stay lines; only their beginnings, their ends
// and the spaces within them change.
import type { Edit } from "../diagnostics.ts";
import { scalarEdits } from "./scalar-lines.ts";
import { type Block, columnOf, type Token, tokensOf } from "./tokens.ts";

/** The edits that lay a text out. Whitespace is all they change. */
export function layOut(text: string): Edit[] {
  const tokens = tokensOf(text);
  const eol = lineEnding(text);
  const edits: Edit[] = [];
  let previous: Token | undefined;
  for (const [i, token] of tokens.entries()) {
    const start = previous?.end ?? firstOffset(text);
    const gap = gapBefore(text, tokens, i, eol);
    edits.push({ range: { start, end: token.start }, newText: gap }, ...scalarEdits(text, token, eol));
    previous = token;
  }
  const end = { start: previous?.end ?? firstOffset(text), end: text.length };
  edits.push({ range: end, newText: !previous || endsLine(text, previous) ? "" : eol });
  return edits.filter(({ range, newText }) => text.slice(range.start, range.end) !== newText);
}

/** The line ending that most lines have. */
export function lineEnding(text: string): "\n" | "\r\n" {
  const crlf = text.match(/\r\n/g)?.length ?? 0;
  const all = text.match(/\n/g)?.length ?? 0;
  return crlf * 2 > all ? "\r\n" : "\n";
}

/** A byte-order mark stays where it is. */
function firstOffset(text: string): number {
  return text.startsWith("\uFEFF") ? 1 : 0;
}

/** A block scalar owns the end of its last line. */
function endsLine(text: string, token: Token): boolean {
  return token.kind === "block-scalar" && text[token.end - 1] === "\n";
}

function gapBefore(text: string, tokens: readonly Token[], i: number, eol: string): string {
  const token = tokens[i]!;
  const previous = tokens[i - 1];
  if (!previous) return " ".repeat(columnFor(text, tokens, i));
  if (token.kind === "block-scalar") return eol;
  const owned = endsLine(text, previous) ? 1 : 0;
  const breaks = owned + (text.slice(previous.end, token.start).match(/\n/g)?.length ?? 0);
  if (breaks === 0) return glue(previous, token);
  return eol.repeat(Math.min(breaks, 2) - owned) + " ".repeat(columnFor(text, tokens, i));
}

/** The column of a token that begins a line. */
function columnFor(text: string, tokens: readonly Token[], i: number): number {
  const token = tokens[i]!;
  return token.kind === "comment" && !token.inFlow ? commentColumn(text, tokens, i) : token.indent;
}

/**
 * A comment goes with what follows it, unless it is written further in: then it is the end of the innermost block before
 * it that is not further in than the comment.
 */
function commentColumn(text: string, tokens: readonly Token[], i: number): number {
  const written = columnOf(text, tokens[i]!.start);
  const next = tokens.slice(i, i + 1000).find(({ kind }) => kind !== "comment");
  const before = tokens.slice(Math.max(0, i - 1000), i).findLast(({ kind }) => kind !== "comment");
  const nextColumn = next ? columnOf(text, next.start) : 0;
  if (written <= nextColumn) return next?.indent ?? 0;
  const block = blockAround(before?.block, written);
  return block && block.written > nextColumn ? block.indent : (next?.indent ?? 0);
}

function blockAround(block: Block | undefined, column: number): Block | undefined {
  return block && block.written > column ? blockAround(block.parent, column) : block;
}

const names: ReadonlySet<Token["kind"]> = new Set(["alias", "anchor", "tag"]);

/** What stands between two tokens of a line. */
function glue(left: Token, right: Token): "" | " " {
  if (left.kind === "byte-order-mark") return "";
  if (left.kind === "explicit-key-ind") return " ";
  if (left.kind === "flow-seq-start" || right.kind === "comma" || right.kind === "flow-seq-end") return "";
  if (right.kind === "flow-map-end") return left.kind === "flow-map-start" ? "" : " ";
  if (right.kind === "map-value-ind") return isKey(left) && !names.has(left.kind) ? "" : " ";
  return " ";
}

/** True for the end of a key; false where the colon has none before it. */
function isKey({ kind }: Token): boolean {
  return kind !== "flow-map-start" && kind !== "comma" && kind !== "seq-item-ind" && kind !== "doc-start";
}
