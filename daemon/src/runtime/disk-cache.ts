// Entries on disk that can be made again: each a folder, complete or absent, the least recently used ones going first.
import { randomBytes } from "node:crypto";
import { open, readdir, rename, rm, stat, statfs, utimes, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { makeFolders } from "../base/files.ts";
import { folderSize } from "./cache-folder.ts";

/** A cache and what may lie in it. */
export interface DiskCache {
  readonly folder: string;
  /** bytes of all entries together */
  readonly limit: number;
}

/** An unfinished entry this old belongs to nobody. */
const ABANDONED_MS = 3_600_000;

/** The folder of an entry, marked as used now; undefined when there is none. */
export async function findEntry({ folder }: DiskCache, key: string): Promise<string | undefined> {
  const entry = join(folder, key);
  const now = new Date();
  return utimes(entry, now, now).then(
    () => entry,
    () => undefined,
  );
}

/** A folder to write a new entry of about `bytes` in; undefined when the disk has no room for it or cannot be written. */
export async function beginEntry({ folder }: DiskCache, key: string, bytes: number): Promise<string | undefined> {
  const draft = join(folder, `${key}.${randomBytes(4).toString("hex")}.tmp`);
  try {
    await makeFolders(draft);
  } catch {
    return undefined;
  }
  // As much again stays free for others.
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize > 2 * bytes) return draft;
  await discardEntry(draft);
  return undefined;
}

/** Makes a written entry visible; the oldest of the others go when all together are larger than the limit. */
export async function commitEntry(cache: DiskCache, key: string, draft: string): Promise<void> {
  for (const name of await readdir(draft)) await sync(join(draft, name));
  try {
    await rename(draft, join(cache.folder, key));
  } catch {
    await discardEntry(draft); // another engine was faster
  }
  await evict(cache, key);
}

export const discardEntry = (entry: string): Promise<void> => rm(entry, { recursive: true, force: true });

/** Whether the key was asked for before; from now on it was. */
export async function seenBefore({ folder }: DiskCache, key: string): Promise<boolean> {
  try {
    await makeFolders(folder);
    await writeFile(join(folder, `${key}.seen`), "", { flag: "wx" });
    return false;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EEXIST";
  }
}

async function evict({ folder, limit }: DiskCache, kept: string): Promise<void> {
  const names = await readdir(folder);
  const entries = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const used = await stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      );
      return { name, path, used, bytes: await folderSize(path) };
    }),
  );
  const abandoned = (e: { name: string; used: number }) =>
    e.name.endsWith(".tmp") && Date.now() - e.used > ABANDONED_MS;
  let total = entries.reduce((sum, e) => sum + e.bytes, 0);
  for (const entry of entries.toSorted((a, b) => a.used - b.used)) {
    const excess = total > limit && entry.name !== kept && !entry.name.endsWith(".tmp");
    if (!excess && !abandoned(entry)) continue;
    // On Windows a folder in use cannot go; it goes another time.
    await discardEntry(entry.path).catch(() => undefined);
    total -= entry.bytes;
  }
}

async function sync(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}
