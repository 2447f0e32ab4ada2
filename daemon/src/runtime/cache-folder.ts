// Where the engine keeps what it can make again: packed weights, results of probes and self-tests.
import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "../base/files.ts";

/** `$DIFFUSION_CACHE`, or the `diffusion` folder of the platform's cache folder. */
export function cacheFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
): string {
  if (env.DIFFUSION_CACHE) return env.DIFFUSION_CACHE;
  if (platform === "win32") return join(env.LOCALAPPDATA ?? join(homedir(), "AppData", "Local"), "diffusion", "cache");
  if (platform === "darwin") return join(homedir(), "Library", "Caches", "diffusion");
  return join(env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "diffusion");
}

/** Bytes of all files below a folder; 0 when there is none. */
export async function folderSize(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const sizes = entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      stat(join(entry.parentPath, entry.name))
        .then(({ size }) => size)
        .catch(() => 0),
    );
  return (await Promise.all(sizes)).reduce((a, b) => a + b, 0);
}

export interface Memory {
  /** the cache folder; default: `cacheFolder()` */
  readonly folder?: string;
  /** find out anew, and remember that */
  readonly refresh?: boolean;
}

/** What `findOut` gave when it was last asked under the same `facts`, which must be all that it depends on. */
export async function remembered<T>(
  kind: "probes" | "self-tests",
  facts: unknown,
  findOut: () => Promise<T>,
  { folder = cacheFolder(), refresh = false }: Memory = {},
): Promise<T> {
  const key = createHash("sha256").update(JSON.stringify(facts)).digest("hex");
  const path = join(folder, kind, `${key}.json`);
  if (!refresh) {
    const known = await readFile(path, "utf8")
      .then((text) => JSON.parse(text) as T)
      .catch(() => undefined);
    if (known !== undefined) return known;
  }
  const found = await findOut();
  // A cache that cannot be written costs the same work at the next start, no more.
  await writeFileAtomic(path, JSON.stringify(found)).catch(() => undefined);
  return found;
}
