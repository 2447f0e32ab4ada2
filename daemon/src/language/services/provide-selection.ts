// Selection ranges: from the word at the cursor outwards to the whole file.
import { pairRange, type ValueAst } from "../ast.ts";
import type { ParseResult } from "../parse.ts";
import type { Range } from "../source.ts";
import { contentEnd } from "./content-end.ts";

/** Ranges around an offset, the innermost first, each inside the next. */
export function provideSelection({ text, root }: ParseResult, offset: number): Range[] {
  const around: Range[] = [{ start: 0, end: text.length }];
  const enter = (range: Range): boolean => {
    const trimmed = { start: range.start, end: Math.max(range.start, contentEnd(text, range)) };
    const { start, end } = around.at(-1)!;
    if (offset < trimmed.start || offset > trimmed.end || trimmed.start < start || trimmed.end > end) return false;
    if (trimmed.start !== start || trimmed.end !== end) around.push(trimmed);
    return true;
  };
  const descend = (value: ValueAst): void => {
    if (!enter(value.range) || value.kind === "scalar") return;
    if (value.kind === "list") value.items.forEach(descend);
    else
      for (const pair of value.pairs) {
        if (!enter(pairRange(pair))) continue;
        enter(pair.key.range);
        descend(pair.value);
      }
  };
  if (root) descend(root);
  enter(wordAt(text, offset));
  return around.toReversed();
}

function wordAt(text: string, offset: number): Range {
  let start = offset;
  let end = offset;
  while (start > 0 && /[\p{L}\p{N}_]/u.test(text[start - 1]!)) start--;
  while (end < text.length && /[\p{L}\p{N}_]/u.test(text[end]!)) end++;
  return { start, end };
}
