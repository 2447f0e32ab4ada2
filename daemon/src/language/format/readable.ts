// Reading a text in order to change it: only one whose syntax is whole may be changed.
import type { ValueAst } from "../ast.ts";
import { collector, type Diagnostic } from "../diagnostics.ts";
import type { DiagnosticCode } from "../diagnostic-codes.ts";
import { readYaml } from "../yaml.ts";

/** Problems that leave no doubt about what the text is made of. */
const harmless: ReadonlySet<DiagnosticCode> = new Set(["duplicate-key", "unknown-alias", "too-many-problems"]);

/** The tree of a text, and the problems that forbid to change it. */
export function readForEditing(text: string): { root: ValueAst | undefined; refused: readonly Diagnostic[] } {
  const { diagnostics, report } = collector();
  const root = readYaml(text, report);
  return { root, refused: diagnostics.filter(({ code }) => !harmless.has(code)) };
}
