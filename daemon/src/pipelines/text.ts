// Prompts to text states, as Stable Diffusion's text encoders read them.
import { clipTextModel, pooledIndices } from "../models/clip/index.ts";
import type { TextEncoder } from "../models/stable-diffusion/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { concat, reshape, tensorI64, zeros } from "../tensor/tensor.ts";
import { type ClipTokenizer, encodeChunks, encodePadded, loadClipTokenizer } from "../tokenizers/clip.ts";
import type { Compat, Context } from "./context.ts";
import { scopeOf, stopBy } from "./context.ts";

export interface Prompts {
  readonly prompt: string;
  /** Absent: the empty text, or zeros for models that were trained so. */
  readonly negativePrompt?: string | undefined;
  /** For the second encoder of XL models; default: the prompt. */
  readonly prompt2?: string | undefined;
  readonly negativePrompt2?: string | undefined;
  /** Layers left out at the end of the text encoder, as diffusers counts them. */
  readonly clipSkip: number;
  readonly compat: Compat;
}

/** What the denoiser is told of the text. */
export interface TextStates {
  /** (1, n, width) */
  readonly states: Tensor;
  /** (1, projection), in XL models */
  readonly pooled?: Tensor;
}

/** The states of prompt and negative prompt, of equal length. `negative` is made only when guidance needs it. */
export async function encodePrompts(
  context: Context,
  prompts: Prompts,
  guided: boolean,
): Promise<{ positive: TextStates; negative: TextStates | undefined }> {
  const { prompt, negativePrompt, compat } = prompts;
  const tokenizers = await Promise.all(context.model.textEncoders.map(({ tokenizer }) => loadClipTokenizer(tokenizer)));
  const texts = [prompt, prompts.prompt2 ?? prompt];
  const negatives = [negativePrompt ?? "", prompts.negativePrompt2 ?? negativePrompt ?? ""];
  const ids = (of: readonly string[]) => tokenizers.map((tokenizer, i) => idsOf(context, tokenizer, of[i]!, compat));
  const sides = guided ? [ids(texts), ids(negatives)] : [ids(texts)];
  const longest = Math.max(...sides.flat().map((chunks) => chunks.length));
  const padded = sides.map((side) => side.map((chunks, i) => padChunks(chunks, tokenizers[i]!, longest)));
  const positive = await encodeSide(context, padded[0]!, prompts.clipSkip);
  if (!guided) return { positive, negative: undefined };
  const absent = negativePrompt === undefined && context.model.folder.flags.force_zeros_for_empty_prompt === true;
  // diffusers skips layers for the prompt alone.
  const negativeSkip = compat === "diffusers" ? 0 : prompts.clipSkip;
  return { positive, negative: absent ? zerosLike(positive) : await encodeSide(context, padded[1]!, negativeSkip) };
}

/** Rows of 77 ids: one, cut, as diffusers does; or as many as the text needs. */
function idsOf(context: Context, tokenizer: ClipTokenizer, text: string, compat: Compat): number[][] {
  if (compat !== "diffusers") return encodeChunks(tokenizer, text);
  const { ids, truncated } = encodePadded(tokenizer, text);
  if (truncated !== undefined)
    context.onWarning(`the prompt is over ${tokenizer.maxLength} tokens; not read any more: "${truncated}"`);
  return [ids];
}

function padChunks(chunks: readonly number[][], tokenizer: ClipTokenizer, count: number): number[][] {
  const [empty] = encodeChunks(tokenizer, "");
  return [...chunks, ...Array.from({ length: count - chunks.length }, () => empty!)];
}

/** One text through all encoders: states side by side, the pooled embedding of the encoder that has one. */
async function encodeSide(context: Context, perEncoder: readonly number[][][], clipSkip: number): Promise<TextStates> {
  const { textEncoders } = context.model;
  const parts: TextStates[] = [];
  for (const [i, encoder] of textEncoders.entries())
    parts.push(await encode(context, encoder, perEncoder[i]!, clipSkip));
  const pooled = parts.findLast((part) => part.pooled)?.pooled;
  return { states: joinWidths(parts.map(({ states }) => states)), ...(pooled ? { pooled } : {}) };
}

/** Rows of ids through one encoder; the rows' states follow each other. The first row's pooled embedding stands for the text. */
async function encode(
  context: Context,
  encoder: TextEncoder,
  rows: readonly number[][],
  clipSkip: number,
): Promise<TextStates> {
  const { config, projection } = encoder;
  const severalEncoders = context.model.textEncoders.length > 1;
  const options = {
    batch: 1,
    skip: clipSkip + (severalEncoders ? 1 : 0), // XL reads the last but one layer, without its norm
    finalNorm: !severalEncoders,
    projection,
  };
  // It runs once a picture: full precision costs nothing.
  const graph = clipTextModel(scopeOf(context, encoder).exact(), config, options);
  const session = await context.engine.session(graph, {
    label: "the text encoder",

    ...stopBy(context),
  });
  const outputs: Readonly<Record<string, Tensor>>[] = [];
  for (const ids of rows) {
    const index = projection ? { pooled_index: tensorI64(pooledIndices([ids], config)) } : {};
    const output = await session.run({ input_ids: tensorI64(ids, [1, ids.length]), ...index }, stopBy(context));
    outputs.push(output);
  }
  const states = concat(outputs.map((output) => reshape(output.hidden_states!, output.hidden_states!.shape.slice(1))));
  const pooled = outputs[0]?.text_embeds;
  return { states: reshape(states, [1, ...states.shape]), ...(pooled ? { pooled } : {}) };
}

/** (1, n, a) and (1, n, b) side by side: (1, n, a + b). */
function joinWidths(parts: readonly Tensor[]): Tensor {
  const [first] = parts as [Tensor];
  if (parts.length === 1) return first;
  const [, n] = first.shape as [number, number, number];
  const width = parts.reduce((sum, part) => sum + part.shape[2]!, 0);
  const out = zeros([1, n, width]);
  let column = 0;
  for (const { data, shape } of parts) {
    const w = shape[2]!;
    for (let row = 0; row < n; row++) out.data.set(data.subarray(row * w, (row + 1) * w), row * width + column);
    column += w;
  }
  return out;
}

const zerosLike = ({ states, pooled }: TextStates): TextStates => ({
  states: zeros(states.shape),
  ...(pooled ? { pooled: zeros(pooled.shape) } : {}),
});
