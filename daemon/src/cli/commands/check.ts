// `diffusion check`: what is wrong in documents.
import { DiffusionError } from "../../base/errors.ts";
import type { Diagnostic } from "../../language/diagnostics.ts";
import { parse } from "../../language/parse.ts";
import { resolve } from "../../language/resolve.ts";
import type { CommandLine } from "../command.ts";
import { count, diagnosticJson, printDiagnostics } from "../diagnostic-output.ts";
import { readDocument } from "../document-source.ts";
import type { ExitStatus } from "../exit-status.ts";
import { statusOf } from "../exit-status.ts";
import { print, printJson, printProblem } from "../output.ts";

/** Checks every file, also after one that cannot be read. */
export async function check(line: CommandLine): Promise<ExitStatus> {
  const json = line.has("json");
  let errors = 0;
  for (const operand of line.operands) errors += await checkFile(operand, json);
  const files = count(line.operands.length, "file");
  if (errors > 0) {
    const message = `${count(errors, "error")} in ${files}`;
    if (json) printJson({ event: "failed", code: "document", message });
    else printProblem(`\n${message}`);
    return statusOf("document");
  }
  if (json) printJson({ event: "done", outputs: [] });
  else print(`${files} without errors`);
  return 0;
}

/** What this version cannot run is not wrong in the file. */
const asChecked = (d: Diagnostic): Diagnostic => (d.code === "not-available" ? { ...d, severity: "information" } : d);

/** Shows what is wrong in a file; the number of errors. */
async function checkFile(operand: string, json: boolean): Promise<number> {
  try {
    const source = await readDocument(operand);
    const diagnostics = resolve(parse(source.text)).diagnostics.map(asChecked);
    if (json) for (const d of diagnostics) printJson({ event: "diagnostic", ...diagnosticJson(d, source) });
    else printDiagnostics(diagnostics, source);
    return diagnostics.filter(({ severity }) => severity === "error").length;
  } catch (error) {
    if (!(error instanceof DiffusionError)) throw error;
    const { code, message } = error;
    const start = { line: 0, character: 0 };
    const range = { start, end: start };
    if (json) printJson({ event: "diagnostic", file: operand, range, severity: "error", code, message, fixes: [] });
    else printProblem(`error[${code}]: ${message}`);
    return 1;
  }
}
