// What a run is asked for, and what it is made of once it is ready.
import type { BrownianNoise } from "../random/noise-source.ts";
import type { Prediction } from "./denoiser.ts";
import type { SamplerName, SchedulerName } from "./names.ts";
import type { Sampler } from "./samplers/sampler.ts";
import type { AysFamily } from "./schedules/comfyui.ts";

export interface SamplingOptions {
  /** Steps as diffusers counts them: second-order samplers call the network about twice a step. */
  readonly steps: number;
  readonly sampler?: SamplerName | undefined;
  readonly scheduler?: SchedulerName | undefined;
  /** Image-to-image: the share of the steps that is run, 0 … 1. */
  readonly strength?: number | undefined;
  /** Noise of DDIM (default 0) and TCD (0.3). */
  readonly eta?: number | undefined;
  /** DDIM: the noise direction follows the clipped prediction. */
  readonly clippedDirection?: boolean | undefined;
  /** Euler: noise added back over the run, and a factor on its deviation. */
  readonly churn?: number | undefined;
  readonly churnNoise?: number | undefined;
  /** The shift of flow models with dynamic shifting, from the size of the picture. */
  readonly mu?: number | undefined;
  /** The family whose Align Your Steps levels `ays` takes; Stable Diffusion 1 by default. */
  readonly aysFamily?: AysFamily | undefined;
  /** The Brownian path of the SDE samplers; drawn from `seed` when absent. */
  readonly brownian?: BrownianNoise | undefined;
  /** Seed of that path, unless the configuration fixes it. */
  readonly seed?: bigint | undefined;
}

/** A sampler with everything a pipeline needs around it. The input scaling and `addNoise` are functions of the level. */
export interface Sampling {
  readonly sampler: Sampler;
  /** The step to begin at: above 0 with a strength below 1. Start with `startAt(x, begin)`. */
  readonly begin: number;
  readonly prediction: Prediction;
  /** Text-to-image: the start is unit noise times this. Image-to-image starts with `addNoise(x0, noise, sampler.levels[begin])`. */
  readonly initNoiseSigma: number;
  /** As `scheduler.sigmas`, each once; empty for samplers over whole timesteps. */
  readonly sigmas: readonly number[];
}
