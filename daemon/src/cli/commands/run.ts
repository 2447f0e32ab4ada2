// `diffusion run`: a document's nodes, their events, and the paths of the results.
import { dirname, join, resolve as absolute } from "node:path";
import { DiffusionError } from "../../base/errors.ts";
import { hasErrors } from "../../language/diagnostics.ts";
import type { ParseResult } from "../../language/parse.ts";
import { applySet } from "../../language/parse.ts";
import type { Resolved } from "../../language/resolve.ts";
import { resolve } from "../../language/resolve.ts";
import type { RunEvent } from "../../workflow/events.ts";
import type { CommandLine } from "../command.ts";
import { count, diagnosticJson, printDiagnostics } from "../diagnostic-output.ts";
import type { DocumentSource } from "../document-source.ts";
import { readDocument } from "../document-source.ts";
import type { ExitStatus } from "../exit-status.ts";
import { statusOf } from "../exit-status.ts";
import { abortOnInterrupt } from "../interrupts.ts";
import { print, printJson, printProblem } from "../output.ts";
import { progressBar } from "../progress-bar.ts";

/** @throws DiffusionError with the code of what went wrong, `cancelled` after an interrupt */
export async function run(line: CommandLine): Promise<ExitStatus> {
  const source = await readDocument(line.operands[0]!);
  const only = line.values("node");
  const parsed = applySet(source.text, line.values("set"));
  const resolved = resolve(parsed, only.length > 0 ? only : undefined);
  const json = line.has("json");
  if (hasErrors(resolved.diagnostics)) return refuse(resolved, source, json);
  if (json) for (const d of resolved.diagnostics) printJson({ event: "diagnostic", ...diagnosticJson(d, source) });
  else printDiagnostics(resolved.diagnostics, source);
  const out = absolute(line.value("out") ?? join(dirname(source.path), "out"));
  await execute(parsed, resolved, { source, out, json, verbatim: line.values("set").length === 0 });
  return 0;
}

function refuse({ diagnostics }: Resolved, source: DocumentSource, json: boolean): ExitStatus {
  const errors = diagnostics.filter(({ severity }) => severity === "error").length;
  const message = `${source.shown} has ${count(errors, "error")}`;
  if (json) {
    const listed = diagnostics.map((d) => diagnosticJson(d, source));
    printJson({ event: "failed", code: "document", message, diagnostics: listed });
  } else printDiagnostics(diagnostics, source);
  return statusOf("document");
}

interface Execution {
  readonly source: DocumentSource;
  readonly out: string;
  readonly json: boolean;
  readonly verbatim: boolean;
}

async function execute(parsed: ParseResult, { nodes }: Resolved, execution: Execution): Promise<void> {
  const signal = abortOnInterrupt();
  const { EngineRoom } = await import("../../workflow/engine-room.ts");
  const workflow = await import("../../workflow/run.ts");
  const engines = new EngineRoom();
  process.on("exit", () => void engines.kill());
  const { onEvent, end } = execution.json ? { onEvent: printJson, end: () => undefined } : terminalOutput();
  try {
    const outputs = await workflow.run(nodes, {
      file: execution.source.path,
      out: execution.out,
      verbatim: execution.verbatim && parsed.document?.isWorkflow === false,
      engines,
      signal,
      onEvent,
    });
    if (execution.json) printJson({ event: "done", outputs } satisfies RunEvent);
  } catch (error) {
    // An interrupt reaches the engine too, which may then fail in any way.
    throw signal.aborted
      ? new DiffusionError("cancelled", "stopped by an interrupt; nothing unfinished was kept")
      : error;
  } finally {
    end();
    await engines.kill();
  }
}

/** Paths to standard output, warnings and the progress bar to standard error. */
function terminalOutput(): { onEvent: (event: RunEvent) => void; end: () => void } {
  const bar = progressBar(process.stderr);
  const onEvent = (event: RunEvent) => {
    bar.clear();
    if (event.event === "output") print(event.path);
    else if (event.event === "warning") printProblem(`warning: ${event.message}`);
    bar.show(event);
  };
  return { onEvent, end: () => bar.clear() };
}
