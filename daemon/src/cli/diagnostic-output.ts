// Diagnostics of a document: for people as compilers show them, for programs as editors count.
import type { Diagnostic } from "../language/diagnostics.ts";
import { formatDiagnostic } from "../language/format-diagnostic.ts";
import { type LineStarts, lineStarts, positionAt, type Range } from "../language/source.ts";
import type { DocumentSource } from "./document-source.ts";
import { colored, printProblem } from "./output.ts";

/** Shows each, separated by an empty line. */
export function printDiagnostics(diagnostics: readonly Diagnostic[], { shown, text }: DocumentSource): void {
  const lines = lineStarts(text);
  const blocks = diagnostics.map((d) => formatDiagnostic(d, { file: shown, text, lines, color: colored() }));
  if (blocks.length > 0) printProblem(blocks.join("\n\n"));
}

/** A diagnostic as JSON: lines and characters from 0. One in a `--set` counts in that, its `file`. */
export function diagnosticJson(diagnostic: Diagnostic, { shown, text }: DocumentSource): object {
  const { place, severity, code, message, range, fixes = [] } = diagnostic;
  const lines = lineStarts(place?.text ?? text);
  return {
    file: place ? `${place.name} ${place.text}` : shown,
    range: positions(lines, range),
    severity,
    code,
    message,
    fixes: fixes.map(({ title, edits }) => ({
      title,
      edits: edits.map((edit) => ({ range: positions(lines, edit.range), newText: edit.newText })),
    })),
  };
}

const positions = (lines: LineStarts, { start, end }: Range): object => ({
  start: positionAt(lines, start),
  end: positionAt(lines, end),
});

/** `2 errors`, `1 error` */
export const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`;
