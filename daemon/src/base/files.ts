// Files that are complete or absent: temporary name, fsync, rename, fsync of the folder.
import { randomBytes } from "node:crypto";
import { link, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { DiffusionError } from "./errors.ts";

/** Every file being written now; an exiting process removes them (see `removeUnfinished`). */
const unfinished = new Set<string>();

/**
 * Writes a file so that other processes see it whole or not at all. Folders on the way are made.
 * @throws DiffusionError `file-unwritable`
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  await writeBeside(path, data, (temporary) => rename(temporary, path));
}

/** What file systems answer that know no hard links, as exFAT: there the name is only free when it was looked at. */
const WITHOUT_LINKS = new Set(["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EINVAL", "EMLINK"]);

/**
 * As `writeFileAtomic`, but never over another file: false when the name is taken, by this process or another.
 * @throws DiffusionError `file-unwritable`
 */
export async function writeNewFile(path: string, data: Uint8Array | string): Promise<boolean> {
  let written = true;
  await writeBeside(path, data, async (temporary) => {
    written = await link(temporary, path).then(
      () => true,
      (error: unknown) => {
        const { code } = error as NodeJS.ErrnoException;
        if (code === "EEXIST") return false;
        if (!WITHOUT_LINKS.has(code ?? "")) throw error;
        return rename(temporary, path).then(() => true);
      },
    );
    await rm(temporary, { force: true });
  });
  return written;
}

/** Writes a temporary file in the same folder, for `place` to put where it belongs. */
async function writeBeside(
  path: string,
  data: Uint8Array | string,
  place: (temporary: string) => Promise<void>,
): Promise<void> {
  const folder = dirname(path);
  const temporary = join(folder, `.${basename(path)}.${randomBytes(6).toString("hex")}.tmp`);
  try {
    await makeFolders(folder);
    unfinished.add(temporary);
    const file = await open(temporary, "wx");
    try {
      await file.writeFile(data);
      await file.sync();
    } finally {
      await file.close();
    }
    await place(temporary);
    await syncFolder(folder);
  } catch (cause) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw new DiffusionError("file-unwritable", `cannot write ${path}: ${reason(cause)}`, { cause });
  } finally {
    unfinished.delete(temporary);
  }
}

/**
 * Makes a folder and those above it. Node's own recursive mkdir never returns where a folder exists that takes no new ones
 * (/proc).
 * @throws Error of the file system
 */
export async function makeFolders(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "EEXIST" && (await stat(path)).isDirectory()) return;
    if (code !== "ENOENT" || dirname(path) === path || (await exists(dirname(path)))) throw error;
    await makeFolders(dirname(path));
    await makeFolders(path);
  }
}

const exists = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** The temporary files that are half-written at this moment. */
export function unfinishedFiles(): readonly string[] {
  return [...unfinished];
}

async function syncFolder(folder: string): Promise<void> {
  if (process.platform === "win32") return; // folders cannot be opened there
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** The short human reason inside a file-system error. */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const names: Record<string, string> = {
    ENOENT: "no such file or folder",
    EACCES: "permission denied",
    EPERM: "not permitted",
    EEXIST: "a file of that name is in the way",
    EISDIR: "it is a folder",
    ENOTDIR: "a part of the path is not a folder",
    ENOSPC: "the disk is full",
    EROFS: "the disk is read-only",
    EMFILE: "too many open files",
  };
  const code = (error as NodeJS.ErrnoException).code ?? "";
  return names[code] ?? error.message;
}
