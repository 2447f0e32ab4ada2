// How a failure is told: to people in one line, to programs as the last event.
import { DiffusionError } from "../base/errors.ts";
import type { ExitStatus } from "./exit-status.ts";
import { statusOf } from "./exit-status.ts";
import { colored, printJson, printProblem } from "./output.ts";

/** Tells what went wrong; the status to exit with. */
export function reportFailure(error: unknown, json: boolean): ExitStatus {
  const { code, message } = asKnown(error);
  if (json) printJson({ event: "failed", code, message });
  else printProblem(`${paintError(code === "cancelled" ? "cancelled" : `error[${code}]`)}: ${message}`);
  if (code === "internal" && process.env.DIFFUSION_DEBUG) printProblem((error as Error).stack ?? String(error));
  return statusOf(code);
}

const paintError = (text: string): string => (colored() ? `\u001b[1;31m${text}\u001b[0m` : text);

/** What is not meant for users becomes a request to report it. */
function asKnown(error: unknown): DiffusionError {
  if (error instanceof DiffusionError && error.code !== "internal") return error;
  const message = error instanceof Error ? error.message : String(error);
  return new DiffusionError(
    "internal",
    `${message.split("\n", 1)[0]!} (a fault of diffusion: please report it with the command and the file; DIFFUSION_DEBUG=1 shows where it happened)`,
  );
}
