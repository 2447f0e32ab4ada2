// The text of a document named on the command line.
import { createReadStream } from "node:fs";
import { resolve } from "node:path";
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
 * Reads a file (or a pipe), or standard input for `-`.
 * @throws DiffusionError `file-not-found`, `file-unreadable`, `document`
 */
export async function readDocument(operand: string): Promise<DocumentSource> {
  const fromInput = operand === "-";
  const shown = fromInput ? "standard input" : operand;
  try {
    const text = decode(await readCapped(fromInput ? process.stdin : createReadStream(operand)), shown);
    return { text, shown, path: resolve(fromInput ? "stdin.diffusion" : operand) };
  } catch (cause) {
    if (cause instanceof DiffusionError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "file-not-found" : "file-unreadable";
    throw new DiffusionError(code, `cannot read ${shown}: ${reason(cause)}`, { cause });
  }
}

async function readCapped(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes, too many for a .diffusion file`);
  }
  return Buffer.concat(chunks);
}

function decode(bytes: Buffer, shown: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DiffusionError("document", `${shown} is not UTF-8 text, as .diffusion files are`, { cause });
  }
}
