// Formatting: a document, a part of it, the line that was just finished, and the order of its keys.
import type { Edit } from "../diagnostics.ts";
import { applyEdits, formatDocument, orderKeys } from "../format/index.ts";
import { sameMeaning } from "../format/same-meaning.ts";
import { parse, type ParseResult } from "../parse.ts";
import { positionAt, type Range } from "../source.ts";

/** The edits that lay a document out, or the lines of it that a range touches. */
export function provideFormatting(document: ParseResult, range?: Range): readonly Edit[] {
  return formatDocument(document.text, range ? { range: wholeLines(document, range) } : {}).edits;
}

function wholeLines({ text, lines }: ParseResult, { start, end }: Range): Range {
  const next = lines[positionAt(lines, end).line + 1];
  return { start: lines[positionAt(lines, start).line]!, end: next === undefined ? text.length : next - 1 };
}

/** The edits inside the line before an offset, when they alone keep the meaning of the text. */
export function provideLineFormatting({ text, lines, root }: ParseResult, offset: number): readonly Edit[] {
  const { line } = positionAt(lines, offset);
  if (line === 0) return [];
  const start = lines[line - 1]!;
  const end = lines[line]! - (text[lines[line]! - 2] === "\r" ? 2 : 1);
  const { edits } = formatDocument(text, { range: { start, end } });
  const inside = edits.filter(({ range }) => start <= range.start && range.end <= end);
  if (inside.length === 0) return [];
  return sameMeaning(root, parse(applyEdits(text, inside)).root) ? inside : [];
}

/** The edits that put keys in the order of the documentation. */
export function provideKeyOrder({ text }: ParseResult): readonly Edit[] {
  return orderKeys(text);
}
