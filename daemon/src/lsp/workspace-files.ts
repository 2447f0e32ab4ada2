// The .diffusion files of the folders that are open in the editor.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { limits } from "../language/yaml.ts";

/** Files and folders that are looked at. */
const mostFiles = 2000;
const mostFolders = 20_000;

const skipped = new Set(["node_modules", "out", "dist"]);

/** Paths of the documents below the folders; hidden folders and those of packages are left out. */
export async function* documentsBelow(folders: readonly string[]): AsyncGenerator<string> {
  const waiting = [...folders];
  let files = 0;
  for (let looked = 0; looked < waiting.length && looked < mostFolders; looked++) {
    const folder = waiting[looked]!;
    const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
    for (const entry of entries) {
      if (entry.isDirectory() && !entry.name.startsWith(".") && !skipped.has(entry.name)) {
        waiting.push(join(folder, entry.name));
      } else if (entry.isFile() && entry.name.endsWith(".diffusion")) {
        if (++files > mostFiles) return;
        yield join(folder, entry.name);
      }
    }
  }
}

/** The text of a document; nothing when it cannot be read or is too large. */
export async function readDocumentFile(path: string): Promise<string | undefined> {
  try {
    const { size } = await stat(path);
    return size > limits.characters ? undefined : await readFile(path, "utf8");
  } catch {
    return undefined; // gone in the meantime, or not ours to read
  }
}
