// Optimised graphs with their packed weights on disk. Loading one maps the weights instead of converting, optimising and
// packing them: a start of a tenth of the time, and memory that the system may take back.
import { createHash, randomBytes } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat, statfs, utimes } from "node:fs/promises";
import { join } from "node:path";
import type { Graph } from "../onnx/graph.ts";
import { leaves } from "../onnx/graph.ts";
import type { Target } from "../nn/emission.ts";
import { folderSize } from "./cache-folder.ts";
import { cpuIdentity, runtimeVersion } from "./machine.ts";
import type { SessionOptions } from "./session-options.ts";
import { graphSettings } from "./session-options.ts";

const MODEL = "model.onnx";
const WEIGHTS = "weights.bin";

/** An unfinished entry this old belongs to nobody. */
const ABANDONED_MS = 3_600_000;

/** What an entry holds for: runtime, CPU, settings, graph, and the weights files by size and time. */
export async function prepackedKey(target: Target, graph: Graph, serialized: Uint8Array): Promise<string> {
  const files = leaves(Object.values(graph.outputs)).flatMap(({ origin }) =>
    origin.kind === "weight" ? [origin.range.file] : [],
  );
  const facts = await Promise.all(
    [...new Set(files)].map(async (file) => {
      const { size, mtimeMs } = await stat(file);
      return [file, size, mtimeMs];
    }),
  );
  return createHash("sha256")
    .update(JSON.stringify([runtimeVersion(), cpuIdentity(), graphSettings(target), facts]))
    .update(serialized)
    .digest("hex");
}

/** The model file of an entry, marked as used now; undefined when there is none. */
export async function findPrepacked(folder: string, key: string): Promise<string | undefined> {
  const entry = join(folder, key);
  const now = new Date();
  try {
    await utimes(entry, now, now);
    return join(entry, MODEL);
  } catch {
    return undefined;
  }
}

/** A folder to write a new entry in; undefined when the disk has no room for it or cannot be written. */
export async function beginPrepacked(folder: string, key: string, weightBytes: number): Promise<string | undefined> {
  const draft = join(folder, `${key}.${randomBytes(4).toString("hex")}.tmp`);
  try {
    await mkdir(draft, { recursive: true, mode: 0o700 });
  } catch {
    return undefined;
  }
  // A weight may lie there twice, packed and as it was; as much again stays free for others.
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize > 4 * weightBytes) return draft;
  await discardPrepacked(draft);
  return undefined;
}

/** Makes a written entry visible, and the oldest of the others go when all are larger than `limit` bytes. */
export async function commitPrepacked(folder: string, key: string, draft: string, limit: number): Promise<void> {
  for (const name of [MODEL, WEIGHTS]) await sync(join(draft, name));
  try {
    await rename(draft, join(folder, key));
  } catch {
    await discardPrepacked(draft); // another engine was faster
  }
  await evict(folder, limit, key);
}

export const discardPrepacked = (entry: string): Promise<void> => rm(entry, { recursive: true, force: true });

/** Session options that also write the entry. */
export function writingOptions(options: SessionOptions, draft: string): SessionOptions {
  return {
    ...options,
    optimizedModelFilePath: join(draft, MODEL),
    extra: withSession(options, {
      save_external_prepacked_constant_initializers: "1",
      optimized_model_external_initializers_file_name: WEIGHTS,
    }),
  };
}

/** Session options for the model file of an entry: nothing left to optimise, weights beside it. */
export function readingOptions(options: SessionOptions): SessionOptions {
  return {
    ...options,
    graphOptimizationLevel: "disabled",
    extra: withSession(options, { model_external_initializers_file_folder_path: undefined }),
  };
}

function withSession({ extra }: SessionOptions, changes: Record<string, string | undefined>): Record<string, unknown> {
  const session = { ...(extra?.session as Record<string, unknown>), ...changes };
  return { ...extra, session: Object.fromEntries(Object.entries(session).filter(([, value]) => value !== undefined)) };
}

async function evict(folder: string, limit: number, kept: string): Promise<void> {
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
    await discardPrepacked(entry.path).catch(() => undefined);
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
