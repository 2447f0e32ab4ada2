// What a sampler is: pure steps over plain state, so that a run can stop after any step and go on elsewhere.
import { DiffusionError } from "../../base/errors.ts";
import type { NoiseSource } from "../../random/noise-source.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Denoiser, NoiseLevel } from "../denoiser.ts";

/** Everything a sampler knows between two steps. Plain data. */
export interface SamplerState {
  /** x at the start of step `step`, in the sampler's own space. */
  readonly x: Tensor;
  /** Index of the next step; equal to `sampler.levels.length` when done. */
  readonly step: number;
  /** The step this run began at: above 0 in image-to-image. */
  readonly begin: number;
  /** What a multistep method keeps of its last steps, newest last. */
  readonly history: readonly Tensor[];
  /** An earlier x that the next step starts from, in methods that have one. */
  readonly anchor: Tensor | null;
}

export interface Sampler {
  /** The level at which each step starts. */
  readonly levels: readonly NoiseLevel[];
  /** One step; may call the denoiser several times and draw noise. Never changes `state`. */
  step(state: SamplerState, denoise: Denoiser, noise: NoiseSource): Promise<SamplerState>;
}

/** The state before the first step. `x` lies at `levels[begin]`. */
export const startAt = (x: Tensor, begin = 0): SamplerState => ({ x, step: begin, begin, history: [], anchor: null });

/** The state one step on. */
export const advance = (state: SamplerState, x: Tensor, kept: Partial<SamplerState> = {}): SamplerState => ({
  ...state,
  ...kept,
  x,
  step: state.step + 1,
});

/** `history` with one more, of which at most `count` are kept. */
export const remember = (history: readonly Tensor[], newest: Tensor, count: number): readonly Tensor[] =>
  [...history, newest].slice(-count);

type AfterStep = SamplerState | undefined;

export interface SampleOptions {
  /** Called after each step, with the state from which the run can go on; a state it returns takes that one's place. */
  readonly onStep?: (state: SamplerState) => AfterStep | Promise<AfterStep>;
  /** Looked at before each step. */
  readonly signal?: AbortSignal;
}

/**
 * Runs the remaining steps and returns the last x.
 * @throws DiffusionError "cancelled" when the signal is aborted
 */
export async function sample(
  sampler: Sampler,
  start: SamplerState,
  denoise: Denoiser,
  noise: NoiseSource,
  options: SampleOptions = {},
): Promise<Tensor> {
  let state = start;
  while (state.step < sampler.levels.length) {
    if (options.signal?.aborted)
      throw new DiffusionError("cancelled", `cancelled before step ${state.step + 1} of ${sampler.levels.length}`);
    state = await sampler.step(state, denoise, noise);
    state = (await options.onStep?.(state)) ?? state;
  }
  return state.x;
}
