// The text of a document named on the command line.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { resolve } from "node:path";
import { buffer } from "node:stream/consumers";
import { DiffusionError } from "../base/errors.ts";
import { reason } from "../base/files.ts";

export interface DocumentSource {
  readonly text: string;
  /** as the user wrote it, for messages */
  readonly shown: string;
  /** absolute; relative paths in the document start at its folder */
  readonly path: string;
}

/** Larger files are no documents. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * Reads a file, or standard input for `-`.
 * @throws DiffusionError `file-not-found`, `file-unreadable`, `document`
 */
export async function readDocument(operand: string): Promise<DocumentSource> {
  const fromInput = operand === "-";
  const bytes = fromInput ? await buffer(process.stdin) : await readFileOf(operand);
  const shown = fromInput ? "standard input" : operand;
  return { text: decode(bytes, shown), shown, path: resolve(fromInput ? "stdin.diffusion" : operand) };
}

async function readFileOf(path: string): Promise<Buffer> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK); // a pipe without writer must not stop us
    try {
      const found = await file.stat();
      if (found.isDirectory()) throw new Error("it is a folder");
      if (found.size > MAX_BYTES) throw new Error(`it has ${found.size} bytes, too many for a .diffusion file`);
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "file-not-found" : "file-unreadable";
    throw new DiffusionError(code, `cannot read ${path}: ${reason(cause)}`, { cause });
  }
}

function decode(bytes: Buffer, shown: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DiffusionError("document", `${shown} is not UTF-8 text, as .diffusion files are`, { cause });
  }
}
