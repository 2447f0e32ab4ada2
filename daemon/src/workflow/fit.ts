// Whether a picture fits this machine's memory, from the graphs it needs, before anything is loaded; and the size that does.
import { DiffusionError } from "../base/errors.ts";
import { decoder, encoder, latentSize, pixelsPerLatent, unet } from "../models/stable-diffusion/index.ts";
import { weightBytes } from "../onnx/cost.ts";
import type { Graph, Value } from "../onnx/graph.ts";
import { nodesOf } from "../onnx/graph.ts";
import type { Context } from "../pipelines/context.ts";
import { scopeOf } from "../pipelines/context.ts";
import { BYTES, sizeOf } from "../tensor/tensor.ts";

export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The part of a run that takes the most memory, and how much. */
interface Need {
  readonly part: string;
  readonly bytes: number;
}

/** The engine process before its first network. */
const ENGINE_BYTES = 130e6;

/** What the engine took over the sum of the tensors alive at once: measured 1.1 to 2.5 on the CPU. Only what is sure to fail is refused. */
const OVERHEAD = 1.5;

const TEXT_TOKENS = 77;

/**
 * Refuses a picture that cannot fit, with the largest of its shape that can.
 * @param memory bytes of this machine
 * @param fromPicture whether the encoder runs too
 * @throws DiffusionError `out-of-memory`
 */
export function requireMemory(context: Context, size: Size, memory: number, fromPicture: boolean): void {
  const need = needOf(context, size, fromPicture);
  if (need.bytes <= memory) return;
  const smaller = largestFitting(context, size, memory, fromPicture);
  const tiled = { ...context, tiled: true };
  const wayOut = [
    ...(smaller ? [`make it ${smaller.width}x${smaller.height} or smaller`] : []),
    ...(!context.tiled && needOf(tiled, size, fromPicture).bytes <= memory ? ["write `memory: {vae: tiled}`"] : []),
  ];
  throw new DiffusionError(
    "out-of-memory",
    `a picture of ${size.width}x${size.height} needs about ${gigabytes(need.bytes)} of memory for ${need.part}, and this machine has ${gigabytes(memory)}` +
      (wayOut.length > 0 ? `: ${wayOut.join(", or ")}` : ""),
  );
}

const gigabytes = (bytes: number): string => `${(bytes / 1e9).toFixed(bytes < 1e10 ? 1 : 0)} GB`;

/** What a picture of that size takes at most at a time: the networks run one after the other. */
function needOf(context: Context, { width, height }: Size, fromPicture: boolean): Need {
  const { model, tiled } = context;
  const { config } = model.autoencoder;
  const latents = latentSize(config, height, width);
  const tile = (side: number, most: number) => (tiled ? Math.min(side, most) : side);
  const latentTile = Math.trunc(config.sample_size / pixelsPerLatent(config));
  const [pixels, pictureLatents] = [
    { height: tile(height, config.sample_size), width: tile(width, config.sample_size) },
    { height: tile(latents.height, latentTile), width: tile(latents.width, latentTile) },
  ];
  const scope = scopeOf(context, model.autoencoder).exact();
  const graphs: [string, Graph][] = [
    // Guidance runs in two halves where both do not fit.
    [
      "the unet",
      unet(scopeOf(context, model.unet), model.unet.config, { batch: 1, ...latents, textTokens: TEXT_TOKENS }),
    ],
    ["the autoencoder's decoder", decoder(scope, config, { batch: 1, ...pictureLatents })],
    ...(fromPicture
      ? [["the autoencoder's encoder", encoder(scope, config, { batch: 1, ...pixels })] as [string, Graph]]
      : []),
  ];
  return graphs
    .map(([part, graph]) => ({ part, bytes: memoryOf(graph) }))
    .reduce((most, need) => (need.bytes > most.bytes ? need : most));
}

/** Weights as f32, twice at most half precision's bytes, and the tensors alive at once. */
const memoryOf = (graph: Graph): number => ENGINE_BYTES + 2 * weightBytes(graph) + OVERHEAD * peakActivations(graph);

/** Operators that write over an input which nobody reads any more. */
const IN_PLACE = new Set([
  "Add",
  "Sub",
  "Mul",
  "Div",
  "Softmax",
  "Sigmoid",
  "QuickGelu",
  "Reshape",
  "BatchNormalization",
  "Cast",
  "Squeeze",
  "Unsqueeze",
]);

/** Bytes of the values that are alive at once at most, each from the node that makes it to the last that reads it. */
export function peakActivations(graph: Graph): number {
  const nodes = nodesOf(Object.values(graph.outputs));
  const lastUse = new Map<Value, number>();
  nodes.forEach(({ inputs, outputs }, at) => {
    for (const value of [...outputs, ...inputs]) if (value?.origin.kind === "node") lastUse.set(value, at);
  });
  for (const output of Object.values(graph.outputs)) lastUse.set(output, nodes.length);
  const ending = Map.groupBy(lastUse.keys(), (value) => lastUse.get(value)!);
  let live = 0;
  let peak = 0;
  nodes.forEach(({ opType, outputs }, at) => {
    const made = bytesOf(outputs);
    const freed = bytesOf(ending.get(at) ?? []);
    peak = Math.max(peak, live + (IN_PLACE.has(opType) ? Math.max(0, made - freed) : made));
    live += made - freed;
  });
  return peak;
}

const bytesOf = (values: readonly Value[]): number =>
  values.reduce((sum, { shape, dtype }) => sum + sizeOf(shape) * BYTES[dtype], 0);

/** Halving the interval of scales between nothing and the wanted size. */
const HALVINGS = 8;

/** The largest size of about the same shape that fits; undefined when not even the smallest does. */
function largestFitting(context: Context, size: Size, memory: number, fromPicture: boolean): Size | undefined {
  const multiple = pixelsPerLatent(context.model.autoencoder.config);
  const scaled = (by: number): Size => {
    const side = (length: number) => Math.max(multiple, Math.floor((length * by) / multiple) * multiple);
    return { width: side(size.width), height: side(size.height) };
  };
  let [low, high] = [0, 1];
  for (let i = 0; i < HALVINGS; i++) {
    const middle = (low + high) / 2;
    if (needOf(context, scaled(middle), fromPicture).bytes <= memory) low = middle;
    else high = middle;
  }
  return low > 0 ? scaled(low) : undefined;
}
