// The denoising loop: a guided UNet as the network, and a sampler's steps over latents.
import type { Denoiser, Network } from "../diffusion/denoiser.ts";
import { denoiserOf } from "../diffusion/denoiser.ts";
import type { Sampling } from "../diffusion/from-config.ts";
import { guide, rescaleGuidance } from "../diffusion/guidance.ts";
import { sample, startAt } from "../diffusion/samplers/sampler.ts";
import { INVARIANT_INPUTS, unet } from "../models/stable-diffusion/index.ts";
import { largestActivation, weightBytes } from "../onnx/cost.ts";
import type { Graph } from "../onnx/graph.ts";
import { hoist } from "../onnx/hoist.ts";
import type { NoiseSource } from "../random/noise-source.ts";
import type { Resident, Session } from "../runtime/session.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { chunk, combine, concat, tensor } from "../tensor/tensor.ts";
import type { Context } from "./context.ts";
import { scopeOf, stopBy } from "./context.ts";
import { requireFinite } from "./finite.ts";
import type { PromptStates, TextStates } from "./text.ts";

export interface Conditioning {
  /** The parts of the prompt: one, unless it is composed. */
  readonly positive: readonly PromptStates[];
  /** Absent without guidance. */
  readonly negative: PromptStates | undefined;
  readonly guidanceScale: number;
  readonly guidanceRescale: number;
  /** original height and width, crop's top and left, target height and width (XL) */
  readonly timeIds: readonly number[];
}

export interface DenoiseOptions {
  readonly sampling: Sampling;
  /** x at the sampler's first level */
  readonly start: Tensor;
  readonly noise: NoiseSource;
  /** Replaces the latents after each step, given how many steps of the sampler are done. */
  readonly afterStep?: (latents: Tensor, done: number) => Tensor;
}

/** Runs the sampler from `start` to clean latents. */
export async function denoise(context: Context, conditioning: Conditioning, options: DenoiseOptions): Promise<Tensor> {
  const { sampling, start, noise, afterStep } = options;
  const network = await guidedNetwork(context, conditioning, start);
  try {
    const denoiser: Denoiser = denoiserOf(network.call, sampling.prediction);
    const of = sampling.sampler.levels.length - sampling.begin;
    return await sample(sampling.sampler, startAt(start, sampling.begin), denoiser, noise, {
      ...stopBy(context),
      onStep: (state) => {
        const step = state.step - sampling.begin;
        network.step = step + 1;
        context.onProgress({ phase: "denoise", step, of });
        const x = afterStep ? afterStep(state.x, state.step) : state.x;
        context.onLatents?.(x);
        return { ...state, x };
      },
    });
  } finally {
    network.release();
  }
}

interface GuidedNetwork {
  /** The step that is being made, from 1: words may be scheduled by it. */
  step: number;
  readonly call: Network;
  release(): void;
}

/** The UNet with classifier-free guidance: all sides in one batch or, where memory is short, one after the other. */
async function guidedNetwork(context: Context, conditioning: Conditioning, latents: Tensor): Promise<GuidedNetwork> {
  const { positive, negative, guidanceScale, guidanceRescale } = conditioning;
  const prompts = negative ? [negative, ...positive] : positive;
  const evaluate = await unetOf(context, conditioning, latents, prompts);
  const network: GuidedNetwork = {
    step: 1,
    async call(scaledInput, timestep) {
      const outputs = await evaluate.run(scaledInput, timestep, network.step);
      const conds = (negative ? outputs.slice(1) : outputs).map((output, i) => [positive[i]!.weight, output] as const);
      if (!negative) return combine(...conds);
      const guided = guide(outputs[0]!, conds, guidanceScale);
      return guidanceRescale > 0 ? rescaleGuidance(guided, combine(...conds), guidanceRescale) : guided;
    },
    release: () => evaluate.release(),
  };
  return network;
}

interface UNetRun {
  /** One output (b, c, h, w) for each prompt, as it stands at the step. */
  run(scaledInput: Tensor, timestep: number, step: number): Promise<Tensor[]>;
  release(): void;
}

async function unetOf(
  context: Context,
  conditioning: Conditioning,
  latents: Tensor,
  prompts: readonly PromptStates[],
): Promise<UNetRun> {
  const whole = unetGraph(context, latents, prompts);
  if (prompts.length === 1 || memoryOf(whole) <= context.memoryBudget)
    return unetRun(context, conditioning, latents, prompts);
  const runs: UNetRun[] = [];
  for (const prompt of prompts) runs.push(await unetRun(context, conditioning, latents, [prompt]));
  return {
    async run(...call) {
      const outputs: Tensor[] = [];
      for (const one of runs) outputs.push(...(await one.run(...call)));
      return outputs;
    },
    release: () => runs.forEach((one) => one.release()),
  };
}

/** The prompts' keys and values are made once for each text and stay in the engine; a call sends latents and timestep alone. */
async function unetRun(
  context: Context,
  conditioning: Conditioning,
  latents: Tensor,
  prompts: readonly PromptStates[],
): Promise<UNetRun> {
  const { prologue, body } = hoist(unetGraph(context, latents, prompts), INVARIANT_INPUTS);
  const made = new Map<string, Readonly<Record<string, Resident>>>();
  const residentsAt = async (step: number) => {
    const at = prompts.map(({ schedule }) =>
      Math.max(
        0,
        schedule.findIndex(({ until }) => step <= until),
      ),
    );
    const key = at.join();
    const sides = prompts.map(({ schedule }, i) => schedule[at[i]!]!.states);
    const residents = made.get(key) ?? (await runPrologue(context, prologue, conditioning, sides, latents.shape[0]!));
    made.set(key, residents);
    return residents;
  };
  await residentsAt(1);
  const session: Session = await context.engine.session(body, { label: "the unet", ...stopBy(context) });
  return {
    async run(scaledInput, timestep, step) {
      const sample = concat(prompts.map(() => scaledInput));
      const feeds = { ...(await residentsAt(step)), sample, timestep: tensor([timestep]) };
      const { model_output } = await session.run(feeds, stopBy(context));
      return chunk(requireFinite(model_output!, `the unet's output at timestep ${timestep}`), prompts.length);
    },
    release: () => made.forEach((residents) => Object.values(residents).forEach((resident) => resident.release())),
  };
}

async function runPrologue(
  context: Context,
  prologue: Graph,
  conditioning: Conditioning,
  sides: readonly TextStates[],
  batch: number,
): Promise<Readonly<Record<string, Resident>>> {
  const perPicture = (of: (side: TextStates) => Tensor) =>
    concat(sides.flatMap((side) => Array.from({ length: batch }, () => of(side))));
  const { time_cond_proj_dim } = context.model.unet.config;
  const feeds: Record<string, () => Tensor> = {
    encoder_hidden_states: () => perPicture(({ states }) => states),
    text_embeds: () => perPicture(({ pooled }) => pooled!),
    time_ids: () => perPicture(() => tensor(conditioning.timeIds, [1, 6])),
    timestep_cond: () => perPicture(() => guidanceEmbedding(conditioning.guidanceScale, time_cond_proj_dim!)),
  };
  const used = prologue.inputs.map(({ origin }) => (origin.kind === "input" ? origin.name : ""));
  const session = await context.engine.session(prologue, {
    label: "the text's keys and values",

    ...stopBy(context),
  });
  const fed = Object.fromEntries(used.map((name) => [name, feeds[name]!()]));
  const residents = await session.run(fed, { keep: Object.keys(prologue.outputs), ...stopBy(context) });
  await session.release();
  return residents;
}

function unetGraph(context: Context, latents: Tensor, prompts: readonly PromptStates[]): Graph {
  const [pictures, , height, width] = latents.shape as [number, number, number, number];
  const textTokens = prompts[0]!.schedule[0]!.states.states.shape[1]!;
  const shape = { batch: prompts.length * pictures, height, width, textTokens };
  return unet(scopeOf(context, context.model.unet), context.model.unet.config, shape);
}

/** Weights as f32 and a few of the largest activations: what a step takes, roughly. */
const memoryOf = (graph: Graph): number => 2 * weightBytes(graph) + 6 * largestActivation(graph);

/** The guidance scale as distilled models take it, (1, width): w = scale − 1 in sinusoids (Meng et al. 2023). */
function guidanceEmbedding(guidanceScale: number, width: number): Tensor {
  const half = Math.floor(width / 2);
  const angles = Array.from(
    { length: half },
    (_, i) => (guidanceScale - 1) * 1000 * Math.exp((-Math.log(10000) * i) / (half - 1)),
  );
  const waves = [...angles.map(Math.sin), ...angles.map(Math.cos)];
  return tensor(width % 2 === 0 ? waves : [...waves, 0], [1, width]);
}
