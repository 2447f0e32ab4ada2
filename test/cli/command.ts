// Runs the real command as a user does: the launcher, in a process of its own, in a folder of its own.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { text } from "node:stream/consumers";
import { onTestFinished } from "vitest";

export const root = join(import.meta.dirname, "../..");
export const launcher = join(root, "daemon/bin/diffusion.js");
export const vignette = join(root, "media/models/vignette");
/** The project's own Node.js, whichever runs the tests. */
export const node = join(root, "node_modules/node/bin", process.platform === "win32" ? "node.exe" : "node");

/** Of these tests alone; probes of devices are kept there from one call to the next. */
const cache = mkdtempSync(join(tmpdir(), "diffusion-cli-cache-"));
process.on("exit", () => rmSync(cache, { recursive: true, force: true }));

export interface Finished {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder with these files (text, or made by a function that gets the path), removed after the test. */
export function folderWith(files: Readonly<Record<string, string | ((path: string) => void)>> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "diffusion-cli-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  for (const [name, content] of Object.entries(files)) {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    if (typeof content === "string") writeFileSync(path, content);
    else content(path);
  }
  return folder;
}

/** Writes a copy of the bundled model, then changed. */
export const modelCopy =
  (change: (model: string) => void) =>
  (path: string): void => {
    cpSync(vignette, path, { recursive: true });
    change(path);
  };

/** Starts the command; its process and its end. */
export function start(args: readonly string[], cwd: string, input = "") {
  const child = spawn(node, [launcher, ...args], {
    cwd,
    env: { ...process.env, DIFFUSION_CACHE: cache, NODE_OPTIONS: "" },
  });
  child.stdin.on("error", () => undefined).end(input); // it may end without reading
  const finished = Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]).then(
    ([[status], stdout, stderr]): Finished => ({ status: status as number | null, stdout, stderr }),
  );
  return { child, finished };
}

export const diffusion = (args: readonly string[], cwd: string, input?: string): Promise<Finished> =>
  start(args, cwd, input).finished;

/** The events of `--json`. */
export const eventsOf = ({ stdout }: Pick<Finished, "stdout">): Record<string, unknown>[] =>
  stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Names in the folder of results, hidden ones too; empty when there is none. */
export const results = (folder: string, out = "out"): string[] =>
  existsSync(join(folder, out)) ? readdirSync(join(folder, out)).sort() : [];
