// Edits of a text: applying them, and telling which touch a range.
import type { Edit } from "../diagnostics.ts";
import type { Range } from "../source.ts";

/** The text with every edit made. Edits do not overlap; their order is free. */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const parts: string[] = [];
  let done = 0;
  for (const { range, newText } of edits.toSorted((a, b) => a.range.start - b.range.start)) {
    parts.push(text.slice(done, range.start), newText);
    done = range.end;
  }
  return parts.join("") + text.slice(done);
}

/** The edits that touch a range, its ends included. */
export function editsTouching(edits: readonly Edit[], { start, end }: Range): Edit[] {
  return edits.filter(({ range }) => range.start <= end && range.end >= start);
}
