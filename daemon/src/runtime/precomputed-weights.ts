// What a graph computes from weights alone (full precision, int8, halves of packed layers), computed once into a safetensors
// file and mapped from there: a session then folds nothing, starts quickly and holds each weight once.
import { createHash } from "node:crypto";
import { open } from "node:fs/promises";
import { join } from "node:path";
import type { Graph, Value } from "../onnx/graph.ts";
import { graph as graphOf, leaves } from "../onnx/graph.ts";
import { precomputable, withPrecomputed } from "../onnx/precompute.ts";
import { serialize } from "../onnx/serialize.ts";
import type { DType } from "../tensor/tensor.ts";
import { BYTES, sizeOf } from "../tensor/tensor.ts";
import type { TensorRange } from "../weights/safetensors.ts";
import { readWeightsFile } from "../weights/safetensors.ts";
import type { DiskCache } from "./disk-cache.ts";
import { beginEntry, commitEntry, discardEntry, findEntry } from "./disk-cache.ts";
import type { EngineChild } from "./engine-child.ts";
import { runtimeVersion } from "./machine.ts";
import { executionProviders } from "./providers.ts";
import { graphSettings } from "./session-options.ts";
import { weightFileFacts } from "./weight-file-facts.ts";

const FILE = "weights.safetensors";

const SAFETENSORS_DTYPES: Partial<Record<DType, string>> = { f32: "F32", i8: "I8", u8: "U8", i32: "I32", i64: "I64" };

/** One value to compute: named after what makes it, so that graphs of other sizes find it too. */
interface Part {
  readonly name: string;
  readonly value: Value;
}

/**
 * The graph with its precomputed weights read from the cache, where they are put first if need be; the graph itself when it has
 * none or the disk no room.
 * @throws DiffusionError `engine`, `out-of-memory`, `cancelled`
 */
export async function precompute(
  graph: Graph,
  child: EngineChild,
  cache: DiskCache,
  signal?: AbortSignal,
): Promise<Graph> {
  const parts = precomputable(graph).filter(({ dtype }) => SAFETENSORS_DTYPES[dtype]);
  if (parts.length === 0) return graph;
  const named = parts.map((value) => ({ value, name: nameOf(value) }));
  const entry = await entryOf(named, child, cache, signal);
  if (entry === undefined) return graph;
  const { tensors } = await readWeightsFile(join(entry, FILE));
  return withPrecomputed(
    graph,
    new Map(named.map(({ value, name }): [Value, TensorRange] => [value, tensors.get(name)!])),
  );
}

const nameOf = (value: Value): string =>
  createHash("sha256")
    .update(serialize(graphOf([], { value })))
    .digest("hex");

async function entryOf(
  parts: readonly Part[],
  child: EngineChild,
  cache: DiskCache,
  signal?: AbortSignal,
): Promise<string | undefined> {
  const facts = await weightFileFacts(parts.map(({ value }) => value));
  const names = parts.map(({ name }) => name).sort();
  const key = createHash("sha256")
    .update(JSON.stringify([runtimeVersion(), facts, names]))
    .digest("hex");
  const known = await findEntry(cache, key);
  if (known !== undefined) return known;
  const unique = [...new Map(parts.map((part) => [part.name, part])).values()];
  const draft = await beginEntry(
    cache,
    key,
    unique.reduce((sum, { value }) => sum + bytesOf(value), 0),
  );
  if (draft === undefined) return undefined;
  try {
    await writeFile(join(draft, FILE), unique, child, signal);
    await commitEntry(cache, key, draft);
  } catch (error) {
    await discardEntry(draft);
    throw error;
  }
  return findEntry(cache, key);
}

const bytesOf = ({ dtype, shape }: Value): number => sizeOf(shape) * BYTES[dtype];

/** The header from the known shapes; the numbers by the engine process, weight by weight. */
async function writeFile(
  path: string,
  parts: readonly Part[],
  child: EngineChild,
  signal?: AbortSignal,
): Promise<void> {
  const { header, places } = layOut(parts);
  const file = await open(path, "wx");
  try {
    await file.writeFile(header);
  } finally {
    await file.close();
  }
  const { extra } = graphSettings("cpu");
  const options = {
    executionProviders: executionProviders("cpu"),
    graphOptimizationLevel: "disabled",
    enableCpuMemArena: false,
    logSeverityLevel: 3,
    extra,
  } as const;
  for (const group of byWeights(parts)) {
    const model = serialize(graphOf([], Object.fromEntries(group.map(({ name, value }) => [name, value]))));
    const offsets = Object.fromEntries(group.map(({ name }) => [name, header.length + places.get(name)!]));
    await child.request({ kind: "compute", model, options, path, offsets }, "preparing the weights", signal);
  }
}

function layOut(parts: readonly Part[]): { header: Buffer; places: Map<string, number> } {
  const places = new Map<string, number>();
  const entries: Record<string, unknown> = {};
  let offset = 0;
  // The largest elements first, so that each lies at a multiple of its own size.
  for (const { name, value } of parts.toSorted((a, b) => BYTES[b.value.dtype] - BYTES[a.value.dtype])) {
    places.set(name, offset);
    entries[name] = {
      dtype: SAFETENSORS_DTYPES[value.dtype],
      shape: value.shape,
      data_offsets: [offset, offset + bytesOf(value)],
    };
    offset += bytesOf(value);
  }
  const json = Buffer.from(JSON.stringify(entries));
  const padded = Buffer.concat([json, Buffer.alloc((8 - (json.length % 8)) % 8, " ")]);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return { header: Buffer.concat([length, padded]), places };
}

/** Parts that come from the same weights are computed together. */
function byWeights(parts: readonly Part[]): Part[][] {
  const groups = new Map<string, Part[]>();
  for (const part of parts) {
    const keys = leaves([part.value]).flatMap(({ origin }) =>
      origin.kind === "weight" ? [`${origin.range.file}:${origin.range.offset}`] : [],
    );
    const key = keys.sort().join();
    groups.set(key, [...(groups.get(key) ?? []), part]);
  }
  return [...groups.values()];
}
