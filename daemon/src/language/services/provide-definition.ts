// Definition, references and highlights of nodes and variables.
import type { ParseResult } from "../parse.ts";
import type { Range } from "../source.ts";
import { type Occurrence, occurrenceAt, sameName } from "./occurrences.ts";

/** Where a name leads: the name that is looked at, and the one that defines it. */
export interface Definition {
  readonly origin: Range;
  readonly range: Range;
}

/** Where the name at an offset is defined. */
export function provideDefinition(document: ParseResult, offset: number): Definition | undefined {
  const named = occurrenceAt(document, offset);
  const defined = named && sameName(document, named).find(({ role }) => role === "definition");
  return defined && { origin: named.range, range: defined.range };
}

/** Every place that names what the offset names. */
export function provideReferences(document: ParseResult, offset: number): readonly Occurrence[] {
  const named = occurrenceAt(document, offset);
  return named ? sameName(document, named) : [];
}
