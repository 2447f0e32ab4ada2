// `diffusion fmt`: the usual layout of documents, written in place.
import { chmod, readFile, realpath, stat } from "node:fs/promises";
import { DiffusionError } from "../../base/errors.ts";
import { reason, writeFileAtomic } from "../../base/files.ts";
import { applyEdits, formatDocument, orderKeys } from "../../language/format/index.ts";
import type { CommandLine } from "../command.ts";
import { printDiagnostics } from "../diagnostic-output.ts";
import { type DocumentSource, readDocument } from "../document-source.ts";
import type { ExitStatus } from "../exit-status.ts";
import { statusOf } from "../exit-status.ts";
import { reportFailure } from "../failure.ts";
import { print } from "../output.ts";

/** Lays every file out, also after one that cannot be read. The worst status of all. */
export async function fmt(line: CommandLine): Promise<ExitStatus> {
  let worst: ExitStatus = 0;
  for (const operand of line.operands) {
    const status = await formatFile(operand, line).catch((error: unknown) => {
      if (error instanceof DiffusionError) return reportFailure(error, false);
      throw error;
    });
    if (status > worst) worst = status;
  }
  return worst;
}

async function formatFile(operand: string, line: CommandLine): Promise<ExitStatus> {
  const source = await readDocument(operand);
  const text = line.has("order") ? applyEdits(source.text, orderKeys(source.text)) : source.text;
  const { edits, refused } = formatDocument(text);
  if (refused.length > 0) {
    printDiagnostics(refused, source);
    return statusOf("document");
  }
  const formatted = applyEdits(text, edits);
  const changes = formatted !== source.text;
  if (line.has("check")) {
    if (changes) print(source.shown);
    return changes ? 1 : 0;
  }
  if (operand === "-") process.stdout.write(formatted);
  else if (changes) await rewrite(source, formatted);
  return 0;
}

/** The file itself where the path is a link, with its permissions and its byte-order mark. */
async function rewrite({ shown, path }: DocumentSource, formatted: string): Promise<void> {
  const { target, mode, mark } = await propertiesOf(path).catch((cause: unknown) => {
    throw new DiffusionError("file-unreadable", `cannot read ${shown}: ${reason(cause)}`, { cause });
  });
  await writeFileAtomic(target, mark + formatted);
  await chmod(target, mode);
  print(shown);
}

async function propertiesOf(path: string): Promise<{ target: string; mode: number; mark: string }> {
  const target = await realpath(path);
  const { mode } = await stat(target);
  const mark = (await readFile(target)).subarray(0, 3).toString("utf8") === "\uFEFF" ? "\uFEFF" : "";
  return { target, mode, mark };
}
