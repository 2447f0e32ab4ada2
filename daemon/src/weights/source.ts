// The weights of one network, in the layout of diffusers and transformers: one file, a half-precision variant, or shards with an index.
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { DiffusionError } from "../base/errors.ts";
import { reason } from "../base/files.ts";
import { unsafe } from "./foreign.ts";
import { quoted } from "./header.ts";
import { readJson } from "../base/json.ts";
import { readWeightsFile, type TensorRange, type WeightsFile } from "./safetensors.ts";

/** Where every tensor of a network lies. */
export interface WeightSource {
  readonly tensors: ReadonlyMap<string, TensorRange>;
  /** Absolute paths of the weights files, in the order they were read. */
  readonly files: string[];
}

/**
 * Opens `stem` (`model`, `diffusion_pytorch_model`) in a folder: headers only. Without `variant` full precision is preferred and
 * `fp16` taken when it alone is there.
 * @throws DiffusionError `file-not-found` with the names looked for; `weights-unsafe` when there are only .bin or .ckpt files;
 * `weights-invalid`; `unsupported` for element types no network here can use
 */
export async function openWeights(folder: string, stem: string, variant?: string): Promise<WeightSource> {
  const present = await namesIn(folder);
  const candidates = variant === undefined ? [...namesOf(stem), ...namesOf(stem, "fp16")] : namesOf(stem, variant);
  const name = candidates.find((candidate) => present.includes(candidate));
  if (name === undefined) throw absent(folder, candidates, present);
  const path = resolve(folder, name);
  return name.endsWith(".json") ? openShards(path) : openWeightsFile(path);
}

/** Opens a single weights file. @throws DiffusionError as `readWeightsFile`, and `unsupported` */
export async function openWeightsFile(path: string): Promise<WeightSource> {
  const file = await readWeightsFile(path);
  requireUsable(file, file.unusable.keys());
  return { tensors: file.tensors, files: [file.path] };
}

/** File names in order of preference; variants of indices are spelled both ways. */
function namesOf(stem: string, variant?: string): string[] {
  if (variant === undefined) return [`${stem}.safetensors`, `${stem}.safetensors.index.json`];
  return [
    `${stem}.${variant}.safetensors`,
    `${stem}.safetensors.index.${variant}.json`,
    `${stem}.${variant}.safetensors.index.json`,
  ];
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch((cause: unknown) => {
    const code = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "file-not-found" : "file-unreadable";
    throw new DiffusionError(code, `cannot read the folder ${folder}: ${reason(cause)}`, { cause });
  });
}

function absent(folder: string, candidates: string[], present: string[]): DiffusionError {
  const pickle = present.find((name) => /\.(?:bin|ckpt|pt|pth|pkl)$/i.test(name));
  if (pickle !== undefined) return unsafe(join(folder, pickle), "a PyTorch checkpoint (pickle)");
  const held = present.filter((name) => name.endsWith(".safetensors"));
  const instead = held.length > 0 ? `; it holds ${held.slice(0, 5).join(", ")}` : "";
  return new DiffusionError("file-not-found", `${folder} has none of ${candidates.join(", ")}${instead}`);
}

/** Opens the shards an index names. Tensors the index leaves out are left out. */
async function openShards(index: string): Promise<WeightSource> {
  const shardOf = await readWeightMap(index);
  const files = new Map<string, WeightsFile>();
  for (const name of new Set(shardOf.values())) files.set(name, await readWeightsFile(resolve(index, "..", name)));
  const tensors = new Map<string, TensorRange>();
  for (const [tensor, shard] of shardOf) {
    const file = files.get(shard)!;
    const range = file.tensors.get(tensor);
    if (range) tensors.set(tensor, range);
    else
      requireUsable(
        file,
        [tensor].filter((name) => file.unusable.has(name)),
      );
    if (!range) throw invalid(index, `tensor ${quoted(tensor)} is not in ${shard}`);
  }
  return { tensors, files: [...files.values()].map(({ path }) => path) };
}

/** Tensor name → name of the file beside the index. */
async function readWeightMap(index: string): Promise<Map<string, string>> {
  const json = await readJson(index);
  const map = isObject(json) ? json.weight_map : undefined;
  if (!isObject(map)) throw invalid(index, "weight_map is missing");
  const shardOf = new Map<string, string>();
  for (const [tensor, shard] of Object.entries(map)) {
    if (typeof shard !== "string" || !staysInFolder(shard))
      throw invalid(
        index,
        `weight_map sends ${quoted(tensor)} to ${quoted(String(shard))}, which is not a file name inside the folder`,
      );
    shardOf.set(tensor, shard);
  }
  return shardOf;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A relative name of plain parts: no drive, no backslash, no `.` or `..`, nothing empty, no control character. */
function staysInFolder(name: string): boolean {
  // eslint-disable-next-line no-control-regex -- NUL ends a path for the system
  return name.split("/").every((part) => /^[^\\:\x00-\x1f]+$/.test(part) && part !== "." && part !== "..");
}

const invalid = (path: string, what: string): DiffusionError =>
  new DiffusionError("weights-invalid", `${path}: ${what}`);

function requireUsable(file: WeightsFile, names: Iterable<string>): void {
  for (const name of names)
    throw new DiffusionError(
      "unsupported",
      `${file.path}: tensor ${quoted(name)} has the element type ${file.unusable.get(name)!}, which cannot be used; take the fp16 or fp32 weights of the model`,
    );
}
