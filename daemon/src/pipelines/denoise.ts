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
import { chunk, concat, tensor } from "../tensor/tensor.ts";
import type { Context } from "./context.ts";
import { scopeOf, stopBy } from "./context.ts";
import { requireFinite } from "./finite.ts";
import type { TextStates } from "./text.ts";

export interface Conditioning {
  readonly positive: TextStates;
  /** Absent without guidance. */
  readonly negative: TextStates | undefined;
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
  /** Looks at, and may replace, the latents after each step. */
  readonly afterStep?: (latents: Tensor, step: number) => Tensor;
}

/** Runs the sampler from `start` to clean latents. */
export async function denoise(context: Context, conditioning: Conditioning, options: DenoiseOptions): Promise<Tensor> {
  const { sampling, start, noise, afterStep } = options;
  const network = await guidedNetwork(context, conditioning, start);
  try {
    const denoiser: Denoiser = denoiserOf(network, sampling.prediction);
    const of = sampling.sampler.levels.length - sampling.begin;
    return await sample(sampling.sampler, startAt(start, sampling.begin), denoiser, noise, {
      ...stopBy(context),
      onStep: (state) => {
        const step = state.step - sampling.begin;
        context.onProgress({ phase: "denoise", step, of });
        return afterStep ? { ...state, x: afterStep(state.x, state.step) } : undefined;
      },
    });
  } finally {
    network.release();
  }
}

type GuidedNetwork = Network & { release: () => void };

/** The UNet with classifier-free guidance, both halves in one batch or, where memory is short, one after the other. */
async function guidedNetwork(context: Context, conditioning: Conditioning, latents: Tensor): Promise<GuidedNetwork> {
  const { positive, negative, guidanceScale, guidanceRescale } = conditioning;
  const sides = negative ? [negative, positive] : [positive];
  const halves = await unetRuns(context, conditioning, latents, sides);
  const network: Network = async (scaledInput, timestep) => {
    const outputs: Tensor[] = [];
    for (const half of halves) outputs.push(...(await half.run(scaledInput, timestep)));
    const [first, cond] = outputs as [Tensor, Tensor | undefined];
    if (!cond) return first;
    const guided = guide(first, cond, guidanceScale);
    return guidanceRescale > 0 ? rescaleGuidance(guided, cond, guidanceRescale) : guided;
  };
  return Object.assign(network, { release: () => halves.forEach((half) => half.release()) });
}

interface UNetRun {
  /** One output (b, c, h, w) for each side. */
  run(scaledInput: Tensor, timestep: number): Promise<Tensor[]>;
  release(): void;
}

async function unetRuns(
  context: Context,
  conditioning: Conditioning,
  latents: Tensor,
  sides: readonly TextStates[],
): Promise<UNetRun[]> {
  const graph = unetGraph(context, latents, sides.length * latents.shape[0]!, sides[0]!.states.shape[1]!);
  if (sides.length === 1 || memoryOf(graph) <= context.memoryBudget)
    return [await unetRun(context, conditioning, latents, sides)];
  const runs: UNetRun[] = [];
  for (const side of sides) runs.push(await unetRun(context, conditioning, latents, [side]));
  return runs;
}

/** The sides' text keys and values are made once and stay in the engine; each call sends latents and timestep alone. */
async function unetRun(
  context: Context,
  conditioning: Conditioning,
  latents: Tensor,
  sides: readonly TextStates[],
): Promise<UNetRun> {
  const batch = latents.shape[0]!;
  const graph = unetGraph(context, latents, sides.length * batch, sides[0]!.states.shape[1]!);
  const { prologue, body } = hoist(graph, INVARIANT_INPUTS);
  const residents = await runPrologue(context, prologue, conditioning, sides, batch);
  const session: Session = await context.engine.session(body, { label: "the unet", ...stopBy(context) });
  return {
    async run(scaledInput, timestep) {
      const sample = concat(sides.map(() => scaledInput));
      const { model_output } = await session.run(
        { ...residents, sample, timestep: tensor([timestep]) },
        stopBy(context),
      );
      return chunk(requireFinite(model_output!, `the unet's output at timestep ${timestep}`), sides.length);
    },
    release: () => Object.values(residents).forEach((resident) => resident.release()),
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

function unetGraph(context: Context, latents: Tensor, batch: number, textTokens: number): Graph {
  const [, , height, width] = latents.shape as [number, number, number, number];
  return unet(scopeOf(context, context.model.unet), context.model.unet.config, { batch, height, width, textTokens });
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
