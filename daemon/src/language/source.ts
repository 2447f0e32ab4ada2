// Places in a text: offsets count UTF-16 units, as editors do; lines and characters start at 0.

/** From `start` up to, not including, `end`. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A line and a character in it, both from 0, the character in UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly character: number;
}

/** Offsets of the first character of every line. CRLF, LF and a lone CR end a line. */
export type LineStarts = readonly number[];

/** Finds the lines of a text. */
export function lineStarts(text: string): LineStarts {
  const starts = [0];
  for (const end of text.matchAll(/\r\n|\n|\r/g)) starts.push(end.index + end[0].length);
  return starts;
}

/** The line and character of an offset. */
export function positionAt(lines: LineStarts, offset: number): Position {
  let low = 0;
  let high = lines.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (lines[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low, character: offset - lines[low]! };
}
