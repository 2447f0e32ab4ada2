// Prompts to text states, as Stable Diffusion's text encoders read them.
import type { WeightedPiece } from "../language/prompt/attention.ts";
import { promptPlan } from "../language/prompt/plan.ts";
import { clipTextModel, pooledIndices } from "../models/clip/index.ts";
import type { TextEncoder } from "../models/stable-diffusion/index.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { concat, map, meanAndDeviation, reshape, scale, tensorI64, zeros } from "../tensor/tensor.ts";
import {
  type ClipTokenizer,
  emptyRow,
  encodePadded,
  loadClipTokenizer,
  rowsByComma,
  rowsByWord,
  type WeightedRow,
} from "../tokenizers/clip.ts";
import type { Compat, Context } from "./context.ts";
import { scopeOf, stopBy } from "./context.ts";

export interface Prompts {
  readonly prompt: string;
  /** Absent: the empty text, or zeros for models that were trained so. */
  readonly negativePrompt?: string | undefined;
  /** For the second encoder of XL models; default: the prompt. */
  readonly prompt2?: string | undefined;
  readonly negativePrompt2?: string | undefined;
  /** Steps of the run, which words may be scheduled by. */
  readonly steps: number;
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

/** A part of a composed prompt: how much it counts, and its states up to and including each step (from 1). */
export interface PromptStates {
  readonly weight: number;
  readonly schedule: readonly { readonly until: number; readonly states: TextStates }[];
}

/** The texts for all encoders, as rows of ids. */
type Rows = readonly (readonly WeightedRow[])[];

/** The states of prompt and negative prompt, all of equal length. `negative` is made only when guidance needs it. */
export async function encodePrompts(
  context: Context,
  prompts: Prompts,
  guided: boolean,
): Promise<{ positive: readonly PromptStates[]; negative: PromptStates | undefined }> {
  const { negativePrompt, compat, clipSkip } = prompts;
  const tokenizers = await Promise.all(context.model.textEncoders.map(({ tokenizer }) => loadClipTokenizer(tokenizer)));
  const plan = (texts: readonly string[]) => plannedRows(context, tokenizers, texts, prompts);
  const positive = plan([prompts.prompt, prompts.prompt2 ?? prompts.prompt]);
  const negative = guided ? plan([negativePrompt ?? "", prompts.negativePrompt2 ?? negativePrompt ?? ""]) : [];
  const longest = Math.max(
    ...[...positive, ...negative].flatMap(({ schedule }) => schedule.map(({ rows }) => rows[0]!.length)),
  );
  const encodeAll = async (parts: readonly PlannedRows[], skip: number): Promise<PromptStates[]> => {
    const known = new Map<Rows, TextStates>();
    const made: PromptStates[] = [];
    for (const { weight, schedule } of parts) {
      const states: { until: number; states: TextStates }[] = [];
      for (const { until, rows } of schedule) {
        const found =
          known.get(rows) ?? (await encodeSide(context, padRows(rows, tokenizers, longest, compat), skip, compat));
        known.set(rows, found);
        states.push({ until, states: found });
      }
      made.push({ weight, schedule: states });
    }
    return made;
  };
  const told = await encodeAll(positive, clipSkip);
  if (!guided) return { positive: told, negative: undefined };
  const absent = negativePrompt === undefined && context.model.folder.flags.force_zeros_for_empty_prompt === true;
  if (absent)
    return {
      positive: told,
      negative: { weight: 1, schedule: [{ until: prompts.steps, states: zerosLike(told[0]!.schedule[0]!.states) }] },
    };
  // diffusers skips layers for the prompt alone.
  const [refused] = await encodeAll(negative, compat === "diffusers" ? 0 : clipSkip);
  return { positive: told, negative: refused };
}

interface PlannedRows {
  readonly weight: number;
  readonly schedule: readonly { readonly until: number; readonly rows: Rows }[];
}

/** The parts and steps of a prompt by the conventions of `compat`, each as rows of ids for each encoder. */
function plannedRows(
  context: Context,
  tokenizers: readonly ClipTokenizer[],
  texts: readonly string[],
  { compat, steps }: Prompts,
): PlannedRows[] {
  const plans = tokenizers.map((_, i) => promptPlan(texts[i]!, { compat, steps }));
  for (const { message } of plans[0]!.diagnostics) context.onWarning(message);
  const made = new Map<unknown, Rows>();
  return plans[0]!.parts.map(({ weight, schedule }, part) => ({
    weight,
    schedule: schedule.map(({ until, chunks }) => {
      // A second prompt without as many parts or steps stands still.
      const own = (i: number) => plans[i]!.parts[part] ?? plans[i]!.parts[0]!;
      const chunksOf = (i: number) =>
        (own(i).schedule.find((at) => at.until >= until) ?? own(i).schedule.at(-1)!).chunks;
      const rows =
        made.get(chunks) ??
        evened(
          tokenizers.map((tokenizer, i) => rowsOf(context, tokenizer, chunksOf(i), compat)),
          tokenizers,
        );
      made.set(chunks, rows);
      return { until, rows };
    }),
  }));
}

/** One row, cut, as diffusers does; or as many as the words need. */
function rowsOf(
  context: Context,
  tokenizer: ClipTokenizer,
  chunks: readonly (readonly WeightedPiece[])[],
  compat: Compat,
): WeightedRow[] {
  if (compat === "a1111") return rowsByComma(tokenizer, chunks);
  if (compat === "comfyui") return rowsByWord(tokenizer, chunks.flat());
  const { ids, truncated } = encodePadded(
    tokenizer,
    chunks
      .flat()
      .map(({ text }) => text)
      .join(""),
  );
  if (truncated !== undefined)
    context.onWarning(`the prompt is over ${tokenizer.maxLength} tokens; not read any more: "${truncated}"`);
  return [{ ids, weights: ids.map(() => 1) }];
}

/** All encoders get the same number of rows. */
function evened(rows: Rows, tokenizers: readonly ClipTokenizer[]): Rows {
  const longest = Math.max(...rows.map(({ length }) => length));
  return rows.every(({ length }) => length === longest) ? rows : padRows(rows, tokenizers, longest, "a1111");
}

/** Rows without words up to `count`; ComfyUI says the same words again instead, which attention does not notice. */
function padRows(rows: Rows, tokenizers: readonly ClipTokenizer[], count: number, compat: Compat): Rows {
  return rows.map((own, i) =>
    Array.from(
      { length: count },
      (_, at) => own[at] ?? (compat === "comfyui" ? own[at % own.length]! : emptyRow(tokenizers[i]!)),
    ),
  );
}

/** One text through all encoders: states side by side, the pooled embedding of the encoder that has one. */
async function encodeSide(context: Context, rows: Rows, clipSkip: number, compat: Compat): Promise<TextStates> {
  const { textEncoders } = context.model;
  const parts: TextStates[] = [];
  for (const [i, encoder] of textEncoders.entries())
    parts.push(await encode(context, encoder, rows[i]!, { clipSkip, compat }));
  const pooled = parts.findLast((part) => part.pooled)?.pooled;
  return { states: joinWidths(parts.map(({ states }) => states)), ...(pooled ? { pooled } : {}) };
}

/** Rows of ids through one encoder; the rows' states follow each other. The first row's pooled embedding stands for the text. */
async function encode(
  context: Context,
  encoder: TextEncoder,
  rows: readonly WeightedRow[],
  { clipSkip, compat }: Pick<Prompts, "clipSkip" | "compat">,
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
  const session = await context.engine.session(graph, { label: "the text encoder", ...stopBy(context) });
  const run = async (ids: readonly number[]) => {
    const index = projection ? { pooled_index: tensorI64(pooledIndices([ids], config)) } : {};
    const output = await session.run({ input_ids: tensorI64(ids, [1, ids.length]), ...index }, stopBy(context));
    return { states: reshape(output.hidden_states!, output.hidden_states!.shape.slice(1)), pooled: output.text_embeds };
  };
  const outputs: Awaited<ReturnType<typeof run>>[] = [];
  for (const { ids } of rows) outputs.push(await run(ids));
  const weighted = rows.some(({ weights }) => weights.some((weight) => weight !== 1));
  const empty =
    weighted && compat === "comfyui"
      ? (await run(emptyRow(await loadClipTokenizer(encoder.tokenizer)).ids)).states
      : undefined;
  const states = concat(outputs.map((output, i) => weigh(output.states, rows[i]!.weights, empty)));
  const pooled = outputs[0]?.pooled;
  return { states: reshape(states, [1, ...states.shape]), ...(pooled ? { pooled } : {}) };
}

/**
 * States (n, width) with each token weighted. A1111 multiplies and restores the mean (modules/sd_emphasis.py, "Original");
 * ComfyUI goes away from the states of no words (comfy/sd1_clip.py, encode_token_weights).
 */
function weigh(states: Tensor, weights: readonly number[], empty: Tensor | undefined): Tensor {
  if (weights.every((weight) => weight === 1)) return states;
  const width = states.shape[1]!;
  const weight = (i: number) => weights[Math.floor(i / width)]!;
  if (empty) return map(states, (v, i) => (v - empty.data[i]!) * weight(i) + empty.data[i]!);
  const product = map(states, (v, i) => v * weight(i));
  return scale(product, meanAndDeviation(states).mean / meanAndDeviation(product).mean);
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
