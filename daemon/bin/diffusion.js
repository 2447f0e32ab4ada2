#!/usr/bin/env node
// The launcher of `diffusion`: finds a Node.js that is new enough, builds what is older than its sources, and runs it.
// Everything here runs on any Node.js since 18.
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const NEEDED = [22, 13];
const here = dirname(fileURLToPath(import.meta.url));

function isNewEnough() {
  const [major, minor] = process.versions.node.split(".").map(Number);
  return major > NEEDED[0] || (major === NEEDED[0] && minor >= NEEDED[1]);
}

/** The binary of the npm package `node`, in the nearest node_modules that has it. */
function installedNode() {
  const name = process.platform === "win32" ? "node.exe" : "node";
  for (let folder = here; ; folder = dirname(folder)) {
    const binary = join(folder, "node_modules", "node", "bin", name);
    if (existsSync(binary)) return binary;
    if (dirname(folder) === folder) return undefined;
  }
}

/**
 * Runs this again with another Node.js and ends as it ends. The terminal sends its interrupts to both: the first is passed
 * on as SIGTERM, so that the program counts each of the user's once.
 */
function runWith(binary) {
  const child = spawn(binary, process.argv.slice(1), { stdio: "inherit" });
  let interrupts = 0;
  process.on("SIGINT", () => child.kill(interrupts++ === 0 ? "SIGTERM" : "SIGINT"));
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  child.on("error", (error) => fail(`${binary} cannot be started: ${error.message}`));
  child.on("exit", (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

async function run() {
  if (existsSync(join(here, "..", "src"))) {
    const { buildIfStale } = await import("./build.js");
    await buildIfStale();
  }
  await import(pathToFileURL(join(here, "..", "dist", "cli.js")).href);
}

const other = isNewEnough() ? undefined : installedNode();
if (other !== undefined) runWith(other);
else if (isNewEnough()) await run();
else
  fail(
    `diffusion needs Node.js ${NEEDED.join(".")} or newer, this is ${process.versions.node}: install a newer one, or run \`npm ci\` in the project, which brings one along`,
  );
