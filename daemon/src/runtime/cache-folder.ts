// Where the engine keeps what it can make again: packed weights and results of self-tests.
import { readdir, stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";

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
