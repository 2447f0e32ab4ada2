// Names of result files: templates filled with values from anywhere, made safe on every system, kept inside their folder.
import { lstat, realpath } from "node:fs/promises";
import { dirname, join, relative, sep } from "node:path";
import { DiffusionError } from "../base/errors.ts";
import { makeFolders, reason } from "../base/files.ts";

/** What the places of a template stand for. */
export interface OutputNameValues {
  readonly file: string;
  readonly node: string;
  readonly index: number;
  readonly seed: bigint;
  readonly model: string;
  /** Written as year-month-day in local time. */
  readonly date: Date;
}

/** Bytes of a folder's or file's name, leaving room for a number and the extension under the usual limit of 255. */
const LONGEST_PART = 180;
const DEEPEST = 8;
/** Names that are devices on Windows, whatever follows the first dot. */
const DEVICES = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(?=\.|$)/i;
/** Control, formatting (direction overrides, zero width) and unassigned characters, separators of lines, lone surrogates. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;
const FORBIDDEN = /[<>:"/\\|?*]/g;

/**
 * A relative path without extension: `/` or `\` in the template make folders, in values they become `_`.
 * Unknown places stay as they are written.
 */
export function fillOutputName(template: string, values: OutputNameValues): string {
  const parts = template.split(/[/\\]/).map((part) => safePart(fill(part, values)));
  return (
    parts
      .filter((part) => part !== "")
      .slice(-DEEPEST)
      .join("/") || "untitled"
  );
}

function fill(part: string, values: OutputNameValues): string {
  const texts: Record<string, string> = {
    ...values,
    index: String(values.index),
    seed: String(values.seed),
    date: day(values.date),
  };
  return part.replace(/\{(file|node|index|seed|model|date)\}/g, (_, name: string) => texts[name]!);
}

function day(date: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
}

function safePart(text: string): string {
  const visible = text.normalize("NFC").replace(INVISIBLE, "").replace(FORBIDDEN, "_");
  const cut = withinBytes(visible.replace(/^[\s.]+/, ""), LONGEST_PART).replace(/[\s.]+$/, "");
  return cut.replace(DEVICES, "_$1");
}

function withinBytes(text: string, limit: number): string {
  let size = 0;
  let out = "";
  for (const character of text) {
    size += Buffer.byteLength(character);
    if (size > limit) break;
    out += character;
  }
  return out;
}

/**
 * The path a result shall have: `root/name.extension`, or with the next free number `root/name-2.extension`. Makes the folders.
 * @param name from `fillOutputName`
 * @param taken paths promised to others that are not written yet
 * @throws DiffusionError `file-unwritable` when a folder cannot be made or a link leads out of `root`
 */
export async function freeOutputPath(
  root: string,
  name: string,
  extension: string,
  taken: ReadonlySet<string> = new Set(),
): Promise<string> {
  const base = join(root, ...name.split("/"));
  await makeFolderInside(root, dirname(base));
  for (let number = 1; ; number++) {
    const path = `${base}${number === 1 ? "" : `-${number}`}.${extension}`;
    if (!taken.has(path) && !(await exists(path))) return path;
  }
}

/** Goes down step by step, so that no folder is made beyond a link that leads out. */
async function makeFolderInside(root: string, folder: string): Promise<void> {
  try {
    await makeFolders(root);
    const realRoot = await realpath(root);
    let path = root;
    for (const part of relative(root, folder).split(sep)) {
      path = join(path, part);
      if (!(await exists(path))) await makeFolders(path);
      const real = await realpath(path);
      if (real !== realRoot && !real.startsWith(realRoot.endsWith(sep) ? realRoot : realRoot + sep))
        throw new Error(`${path} leads out of ${root}`);
    }
  } catch (cause) {
    throw new DiffusionError("file-unwritable", `cannot write to the folder ${folder}: ${reason(cause)}`, { cause });
  }
}

/** Whether anything, even a dangling link, has the name. */
async function exists(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") return false;
    throw new DiffusionError("file-unwritable", `cannot look at ${path}: ${reason(error)}`, { cause: error });
  }
}
