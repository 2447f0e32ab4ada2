// What is wrong with a document, where, and how to mend it.
import type { DiagnosticCode } from "./diagnostic-codes.ts";
import type { Range } from "./source.ts";

/** How much it matters. Only an error keeps a file from running. */
export type Severity = "error" | "warning" | "information" | "hint";

/** A replacement of a range of the text. */
export interface Edit {
  readonly range: Range;
  readonly newText: string;
}

/** A way to mend the problem with one click. */
export interface Fix {
  readonly title: string;
  readonly edits: readonly Edit[];
}

/** Another place that has to do with the problem. */
export interface Related {
  readonly message: string;
  readonly range: Range;
}

/** A text beside the file that ranges can count in: one `--set`. */
export interface Place {
  readonly name: string;
  readonly text: string;
}

/** One problem. `place` is there when the range counts in another text than the file. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: Severity;
  readonly message: string;
  readonly range: Range;
  readonly fixes?: readonly Fix[];
  readonly related?: readonly Related[];
  readonly place?: Place;
}

/** Takes problems as they are found. */
export interface Report {
  (diagnostic: Omit<Diagnostic, "severity"> & { severity?: Severity }): void;
}

/** The most problems listed for one file. */
export const largestReport = 1000;

/** A list of problems and the function that fills it, up to `largestReport`. */
export function collector(): { diagnostics: Diagnostic[]; report: Report } {
  const diagnostics: Diagnostic[] = [];
  const report: Report = (diagnostic) => {
    if (diagnostics.length < largestReport) diagnostics.push({ severity: "error", ...diagnostic });
    else if (diagnostics.length === largestReport) diagnostics.push(tooMany(diagnostic.range));
  };
  return { diagnostics, report };
}

function tooMany(range: Range): Diagnostic {
  const message = `more than ${largestReport} problems; the rest is not listed`;
  return { code: "too-many-problems", severity: "information", message, range };
}

/** The same report for problems in another text. Their edits and related places are dropped: they count elsewhere. */
export function reportIn(place: Place, report: Report): Report {
  return ({ code, message, range }) => report({ code, message, range, place });
}

/** Problems in the order of the text, those of other places last; the same problem at the same place once. */
export function sorted(diagnostics: readonly Diagnostic[]): Diagnostic[] {
  const seen = new Set<string>();
  return diagnostics
    .toSorted(
      (a, b) =>
        Number(!!a.place) - Number(!!b.place) ||
        (a.place ? 0 : a.range.start - b.range.start || a.range.end - b.range.end),
    )
    .filter((d) => {
      const id = `${d.code} ${d.range.start} ${d.range.end} ${d.place?.name ?? ""} ${d.message}`;
      return !seen.has(id) && seen.add(id);
    });
}

/** True when something keeps the file from running. */
export function hasErrors(diagnostics: readonly Diagnostic[]): boolean {
  return diagnostics.some((diagnostic) => diagnostic.severity === "error");
}
