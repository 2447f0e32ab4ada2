// Published JSON files (configs, indices, vocabularies), also as Python writes them: with NaN and Infinity.
import { readFile, stat } from "node:fs/promises";
import { DiffusionError } from "./errors.ts";
import { reason } from "./files.ts";
import { JsonCursor, JsonError } from "./json-cursor.ts";

const MAX_BYTES = 32 * 1024 * 1024;

/**
 * Reads a JSON file of at most 32 MB. `NaN`, `Infinity` and `-Infinity` are numbers. A key `__proto__` becomes a plain own property.
 * @throws DiffusionError `file-not-found`, `file-unreadable`; `model-invalid` with line and column
 */
export async function readJson(path: string): Promise<unknown> {
  const bytes = await readCapped(path);
  const text = decode(bytes, path);
  try {
    return JSON.parse(text);
  } catch {
    return parsePython(text, path);
  }
}

async function readCapped(path: string): Promise<Buffer> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new DiffusionError("file-unreadable", `${path}: not a file`);
    if (found.size > MAX_BYTES)
      throw new DiffusionError("model-invalid", `${path}: ${found.size} bytes of JSON; at most ${MAX_BYTES} are read`);
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof DiffusionError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "file-not-found" : "file-unreadable";
    throw new DiffusionError(code, `cannot read ${path}: ${reason(cause)}`, { cause });
  }
}

function decode(bytes: Buffer, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new DiffusionError("model-invalid", `${path}: not UTF-8 text`, { cause });
  }
}

// A string, closed or not, or a literal only Python writes. Always one match onward, so linear.
const STRING_OR_LITERAL = /"[^"\\]*(?:\\[^][^"\\]*)*(?:"|\\?$)|-?Infinity|NaN/g;

/** Parses after spelling Python's literals in JSON of the same length, so that places in the text stay. */
function parsePython(text: string, path: string): unknown {
  const mark = unusedCharacter(text);
  const plain = text.replace(STRING_OR_LITERAL, (found) => {
    if (found === "NaN") return `"${mark}"`;
    if (found === "Infinity") return "1e999   ";
    return found === "-Infinity" ? "-1e999   " : found;
  });
  try {
    return JSON.parse(plain, (_, value: unknown) => (value === mark ? NaN : value));
  } catch (cause) {
    throw new DiffusionError("model-invalid", `${path}${fault(plain)}`, { cause });
  }
}

/** A character of the private use area that does not stand in the text. */
function unusedCharacter(text: string): string {
  let code = 0xe000;
  while (text.includes(String.fromCharCode(code))) code++;
  return String.fromCharCode(code);
}

/** `:3:14: what is wrong` */
function fault(text: string): string {
  const bytes = Buffer.from(text.replaceAll("1e999", "1e99 "));
  const json = new JsonCursor(bytes);
  try {
    json.skip();
    json.finish();
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    const lines = bytes.toString("utf8", 0, error.at).split("\n");
    return `:${lines.length}:${lines.at(-1)!.length + 1}: not valid JSON: ${error.message}`;
  }
  return ": not valid JSON";
}
