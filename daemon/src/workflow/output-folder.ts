// Whether results can be written, asked before the work begins and without making anything.
import { constants } from "node:fs";
import { access, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { DiffusionError } from "../base/errors.ts";
import { reason } from "../base/files.ts";

/** @throws DiffusionError `file-unwritable` when the folder, or the first on its way that exists, takes no new files */
export async function requireWritable(folder: string): Promise<void> {
  const existing = await firstExisting(folder);
  try {
    if (!(await stat(existing)).isDirectory()) throw new Error(`${existing}: it is a file, not a folder`);
    await access(existing, constants.W_OK | constants.X_OK);
  } catch (cause) {
    throw new DiffusionError("file-unwritable", `results cannot be written to ${folder}: ${reason(cause)}`, { cause });
  }
}

/** The path itself, or the nearest above it that is there. */
async function firstExisting(path: string): Promise<string> {
  const there = await stat(path).then(
    () => true,
    () => false,
  );
  return there || dirname(path) === path ? path : firstExisting(dirname(path));
}
