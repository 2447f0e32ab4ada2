// Runs the nodes of a document one after the other and writes their results: complete files, or none.
import { createHash } from "node:crypto";
import { execFile } from "node:child_process";
import { basename, dirname, join, relative } from "node:path";
import { promisify } from "node:util";
import { DiffusionError } from "../base/errors.ts";
import { writeNewFile } from "../base/files.ts";
import { version } from "../base/install.ts";
import { a1111Parameters } from "../codecs/a1111-parameters.ts";
import type { EmbeddedMetadata, OutputFormat } from "../codecs/encode.ts";
import { encodeImage } from "../codecs/encode.ts";
import type { GenerationRecord, WeightFile } from "../codecs/generation-record.ts";
import { fillOutputName, freeOutputPath } from "../codecs/output-name.ts";
import type { RunnableNode } from "../language/resolve.ts";
import { familyOf } from "../models/families.ts";
import { readModelFolder } from "../models/model-folder.ts";
import { loadStableDiffusion, type StableDiffusion, weightFilesOf } from "../models/stable-diffusion/index.ts";
import type { Context, Progress } from "../pipelines/context.ts";
import { drawSeed, seedAt } from "../random/seed.ts";
import { cacheFolder } from "../runtime/cache-folder.ts";
import { runtimeVersion, usableMemory } from "../runtime/machine.ts";
import { hashWeightsFile } from "../weights/hash.ts";
import type { EngineRoom } from "./engine-room.ts";
import type { Output, RunEvent } from "./events.ts";
import { requireMemory } from "./fit.ts";
import type { ImageNode, PreparedImage } from "./image-node.ts";
import { documentOf, drawImage, prepareImage, settingsOf, withDrawnPrompts } from "./image-node.ts";
import type { FoundModel } from "./model-reference.ts";
import { findModel } from "./model-reference.ts";
import { requireWritable } from "./output-folder.ts";

export interface RunOptions {
  /** the document: relative paths start there, and results are named after it */
  readonly file: string;
  /** the folder of results */
  readonly out: string;
  /** whether the file's text alone says what is run: nothing was laid over it */
  readonly verbatim: boolean;
  readonly engines: EngineRoom;
  readonly signal: AbortSignal;
  readonly onEvent: (event: RunEvent) => void;
}

/**
 * Runs nodes in order.
 * @throws DiffusionError with the code of what went wrong; what was written before stays
 */
export async function run(nodes: readonly RunnableNode[], options: RunOptions): Promise<Output[]> {
  const outputs: Output[] = [];
  await requireWritable(options.out);
  for (const node of nodes) {
    if (node.task !== "image")
      throw new DiffusionError("not-available", `task ${node.task} is not available in this version`);
    outputs.push(...(await runImage(node, options)));
  }
  return outputs;
}

async function runImage(node: ImageNode, options: RunOptions): Promise<Output[]> {
  const { keys, name } = node;
  const found = await findModel(keys.model, options.file);
  const folder = await readModelFolder(found.path);
  familyOf(folder); // refuses what is no Stable Diffusion
  const model = await loadStableDiffusion(folder);
  const prepared = await prepareImage(node, model, options.file);
  const weights = hashWeights(model, found); // runs beside the drawing
  weights.catch(() => undefined); // a failure shows when the record is made
  const { engine, emission, memoryBudget } = await options.engines.open(keys);
  const commit = await gitCommit(dirname(options.file));
  const seed = keys.seed === "random" ? drawSeed() : keys.seed;
  const warned = new Set<string>();
  let index = 0;
  const context: Context = {
    model,
    engine,
    emission,
    memoryBudget,
    tiled: keys.memory.vae === "tiled",
    signal: options.signal,
    onWarning: (message) => {
      if (!warned.has(message)) options.onEvent({ event: "warning", node: name, message });
      warned.add(message);
    },
    onProgress: (progress: Progress) => options.onEvent({ event: "progress", node: name, index, ...progress }),
  };
  // What a graphics card's memory holds only the card knows.
  if (engine.target === "cpu") requireMemory(context, prepared.request, usableMemory(), prepared.image !== undefined);
  options.onEvent({ event: "started", node: name, count: keys.count });
  const outputs: Output[] = [];
  for (; index < keys.count; index++) {
    const place = { file: options.file, seed: seedAt(seed, index), onWarning: context.onWarning };
    const drawn = withDrawnPrompts(prepared, place);
    const picture = {
      node,
      prepared: drawn,
      found,
      seed: place.seed,
      index,
      weights: await weights,
      provider: engine.target,
      commit,
    };
    const image = await drawImage(drawn, context, picture.seed);
    const output = await write(await encodeImage(image, formatOf(keys), encoding(picture, options)), picture, options);
    options.onEvent({ event: "output", ...output });
    outputs.push(output);
  }
  return outputs;
}

interface Picture {
  readonly node: ImageNode;
  readonly prepared: PreparedImage;
  readonly found: FoundModel;
  readonly seed: bigint;
  readonly index: number;
  readonly weights: readonly WeightFile[];
  readonly provider: string;
  readonly commit: string | undefined;
}

const formatOf = (keys: ImageNode["keys"]): OutputFormat => keys.output.format as OutputFormat;

function encoding(picture: Picture, options: RunOptions): { quality: number; metadata: EmbeddedMetadata } {
  const { node, prepared, seed, found, weights } = picture;
  const { metadata, quality } = node.keys.output;
  const unet = weights.find(({ file }) => file.startsWith("unet"))?.sha256;
  const parameters = a1111Parameters(settingsOf(prepared, seed, found.name, unet));
  if (metadata === "none") return { quality, metadata: {} };
  if (metadata === "minimal") return { quality, metadata: { parameters } };
  return { quality, metadata: { parameters, record: recordOf(picture, options) } };
}

function recordOf({ node, prepared, seed, weights, provider, commit }: Picture, options: RunOptions): GenerationRecord {
  const { prompt, negativePrompt } = prepared.request;
  return {
    format: 1,
    node: documentOf(node, seed, options.verbatim),
    prompt,
    ...(negativePrompt === undefined ? {} : { negative_prompt: negativePrompt }),
    seeds: [seed],
    weights,
    versions: { diffusion: version, onnxruntime: runtimeVersion() },
    provider,
    source: { file: basename(options.file), ...(commit === undefined ? {} : { commit }) },
  };
}

async function write(
  bytes: Uint8Array,
  { node, found, seed, index }: Picture,
  { file, out }: RunOptions,
): Promise<Output> {
  const name = fillOutputName(node.keys.output.name, {
    file: basename(file).replace(/\.diffusion$/, ""),
    node: node.name,
    index,
    seed,
    model: found.name,
    date: new Date(),
  });
  const format = formatOf(node.keys);
  const freePath = () => freeOutputPath(out, name, format === "jpeg" ? "jpg" : format);
  let path = await freePath();
  while (!(await writeNewFile(path, bytes))) path = await freePath(); // another run was faster
  return { node: node.name, path, index, seed, sha256: createHash("sha256").update(bytes).digest("hex") };
}

async function hashWeights(model: StableDiffusion, found: FoundModel): Promise<WeightFile[]> {
  const folder = join(cacheFolder(), "hashes");
  return Promise.all(
    weightFilesOf(model).map(async (path) => ({
      file: relative(found.path, path).replaceAll("\\", "/"),
      sha256: await hashWeightsFile(path, folder),
    })),
  );
}

/** The commit that the folder stands at, where git knows it. */
async function gitCommit(folder: string): Promise<string | undefined> {
  return promisify(execFile)("git", ["-C", folder, "rev-parse", "HEAD"]).then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
}
