// The sha256 of weights files, kept in a cache folder so that gigabytes are hashed once.
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pipeline } from "node:stream/promises";
import { DiffusionError } from "../base/errors.ts";
import { reason, writeFileAtomic } from "../base/files.ts";
import { readJson } from "../base/json.ts";

/** What is kept of a file: the hash stands as long as size and time of change do. */
interface Kept {
  readonly path: string;
  readonly size: string;
  readonly modified: string;
  readonly sha256: string;
}

/**
 * The sha256 of a file in lower-case hexadecimal digits. `cacheFolder` keeps one small JSON file for each weights file.
 * @throws DiffusionError `file-not-found`, `file-unreadable`
 */
export async function hashWeightsFile(path: string, cacheFolder: string): Promise<string> {
  const absolute = resolve(path);
  const { size, modified } = await stateOf(absolute);
  const cache = join(cacheFolder, `${createHash("sha256").update(absolute).digest("hex")}.json`);
  const kept = (await readJson(cache).catch(() => undefined)) as Partial<Kept> | null | undefined;
  if (kept?.path === absolute && kept.size === size && kept.modified === modified && kept.sha256) return kept.sha256;
  const sha256 = await hashFile(absolute);
  const found: Kept = { path: absolute, size, modified, sha256 };
  await writeFileAtomic(cache, JSON.stringify(found)).catch(() => undefined); // without a cache it is only slower
  return sha256;
}

async function stateOf(path: string): Promise<{ size: string; modified: string }> {
  try {
    const { size, mtimeNs } = await stat(path, { bigint: true });
    return { size: size.toString(), modified: mtimeNs.toString() };
  } catch (cause) {
    throw unreadable(path, cause);
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path, { highWaterMark: 1 << 20 }), hash);
  } catch (cause) {
    throw unreadable(path, cause);
  }
  return hash.digest("hex");
}

function unreadable(path: string, cause: unknown): DiffusionError {
  const code = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "file-not-found" : "file-unreadable";
  return new DiffusionError(code, `cannot read ${path}: ${reason(cause)}`, { cause });
}
