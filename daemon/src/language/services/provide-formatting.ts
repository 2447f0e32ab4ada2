// Formatting: a document, a part of it, the line that was just finished, and the order of its keys.
import type { Edit } from "../diagnostics.ts";
import { formatDocument, orderKeys } from "../format/index.ts";
import type { ParseResult } from "../parse.ts";
import { positionAt, type Range } from "../source.ts";

/** The edits that lay a document out, or as much of it as a range touches. */
export function provideFormatting({ text }: ParseResult, range?: Range): readonly Edit[] {
  return formatDocument(text, range ? { range } : {}).edits;
}

/** The edits of the line before an offset, when it can be laid out without touching any other. */
export function provideLineFormatting({ text, lines }: ParseResult, offset: number): readonly Edit[] {
  const { line } = positionAt(lines, offset);
  if (line === 0) return [];
  const start = lines[line - 1]!;
  const end = lines[line]! - (text[lines[line]! - 2] === "\r" ? 2 : 1);
  if (text.slice(start, end).trim() === "") return [];
  const { edits } = formatDocument(text, { range: { start, end } });
  const staysInside = edits.every(({ range }) => start <= range.start && range.end <= end);
  return staysInside ? edits : [];
}

/** The edits that put keys in the order of the documentation. */
export function provideKeyOrder({ text }: ParseResult): readonly Edit[] {
  return orderKeys(text);
}
