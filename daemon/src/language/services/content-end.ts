// Where the text of a value ends: the parser counts the blank lines behind it, readers do not.
import type { Range } from "../source.ts";

/** The end of a range without the blanks and line breaks at its end. */
export function contentEnd(text: string, { start, end }: Range): number {
  let last = Math.min(end, text.length);
  while (last > start && /\s/.test(text[last - 1]!)) last--;
  return last;
}
