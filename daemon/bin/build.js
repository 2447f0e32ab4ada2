// Bundles the command and the engine process into dist/, when something in their sources has changed.
import { createHash, randomBytes } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const daemon = join(dirname(fileURLToPath(import.meta.url)), "..");
const root = join(daemon, "..");
const dist = join(daemon, "dist");
const STAMP = join(dist, "stamp");

/** Code of an earlier build may still be loaded by a program that runs. */
const OLD_MS = 24 * 3_600_000;

/** Builds unless the last build had the same sources. */
export async function buildIfStale() {
  const sources = sourceState();
  if (stampOf() !== sources) await build(sources);
}

/** Changes with every change of a source file: names, sizes and times. */
function sourceState() {
  const hash = createHash("sha256");
  const files = [join(root, "package-lock.json"), join(daemon, "package.json"), fileURLToPath(import.meta.url)];
  for (const file of [...files, ...filesBelow(join(daemon, "src")), ...filesBelow(join(root, "schemas"))]) {
    const { size, mtimeMs } = statSync(file, { throwIfNoEntry: false }) ?? {};
    hash.update(`${file} ${size} ${mtimeMs}\n`);
  }
  return hash.digest("hex");
}

function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === "node_modules" ? [] : filesBelow(path);
    return [path];
  });
}

function stampOf() {
  try {
    return readFileSync(STAMP, "utf8");
  } catch {
    return undefined;
  }
}

/**
 * Bundles into a new folder and moves the files to their places one by one, entries after what they load, the stamp last: at every
 * moment dist/ holds a whole build, and several builders may work at once.
 */
export async function build(sources = sourceState()) {
  const { build: bundle } = await import("esbuild");
  mkdirSync(dist, { recursive: true });
  const draft = join(dist, `.${process.pid}-${randomBytes(4).toString("hex")}`);
  try {
    await bundle({
      entryPoints: { cli: join(daemon, "src/cli/main.ts"), engine: join(daemon, "src/runtime/engine-process.ts") },
      outdir: draft,
      chunkNames: "chunk-[hash]", // beside the entries: code finds its neighbours from its own place
      bundle: true,
      splitting: true, // so that each command loads what it needs
      format: "esm",
      platform: "node",
      target: "node22",
      external: ["onnxruntime-node", "sharp"],
      banner: {
        js: 'import { createRequire as $require } from "node:module"; const require = $require(import.meta.url);',
      },
      sourcemap: true,
      sourcesContent: false,
      logLevel: "error",
    });
    const names = readdirSync(draft);
    const isEntry = (name) => Number(/^(cli|engine)\.js$/.test(name));
    for (const name of names.sort((a, b) => isEntry(a) - isEntry(b))) renameSync(join(draft, name), join(dist, name));
    writeFileSync(join(draft, "stamp"), sources);
    renameSync(join(draft, "stamp"), STAMP);
    removeOld(new Set(names));
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

function removeOld(current) {
  for (const name of readdirSync(dist)) {
    const path = join(dist, name);
    const age = Date.now() - (statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Infinity);
    if (name !== "stamp" && !current.has(name) && age > OLD_MS) rmSync(path, { recursive: true, force: true });
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await build();
