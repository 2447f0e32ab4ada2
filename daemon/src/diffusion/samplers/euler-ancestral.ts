// Ancestral sampling with Euler steps (k-diffusion sample_euler_ancestral).
import { combine } from "../../tensor/tensor.ts";
import type { SigmaSchedule } from "../schedules/sigma-schedule.ts";
import { ancestralSplit } from "./ancestral.ts";
import { advance, type Sampler } from "./sampler.ts";

export function eulerAncestral({ levels, timesteps }: SigmaSchedule): Sampler {
  return {
    levels: levels.slice(0, timesteps.length),
    async step(state, denoise, noise) {
      const level = levels[state.step]!;
      const { up, down } = ancestralSplit(level.sigma, levels[state.step + 1]!.sigma);
      const denoised = await denoise(state.x, level);
      const ratio = down / level.sigma;
      return advance(state, combine([ratio, state.x], [1 - ratio, denoised], [up, noise.randn(state.x.shape)]));
    },
  };
}
