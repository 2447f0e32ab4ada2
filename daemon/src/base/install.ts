// Where this program is installed, and its version.
import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The folder that holds `media/`: the repository, or the extension. */
export const installFolder: string = (() => {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "media", "models")) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
})();

/** The version of this program. */
export const version: string = (
  JSON.parse(readFileSync(join(installFolder, "package.json"), "utf8")) as { version: string }
).version;
