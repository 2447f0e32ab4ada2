// DPM2, the midpoint method in log sigma, and its ancestral form (k-diffusion sample_dpm_2 and sample_dpm_2_ancestral).
import { combine } from "../../tensor/tensor.ts";
import type { SigmaSchedule } from "../schedules/sigma-schedule.ts";
import { ancestralSplit } from "./ancestral.ts";
import { advance, type Sampler } from "./sampler.ts";

export function dpm2(schedule: SigmaSchedule): Sampler {
  const { levels, timesteps } = schedule;
  return {
    levels: levels.slice(0, timesteps.length),
    async step(state, denoise) {
      const level = levels[state.step]!;
      const next = levels[state.step + 1]!.sigma;
      const { x } = state;
      const denoised = await denoise(x, level);
      if (next === 0) return advance(state, denoised);

      const middle = schedule.levelAt(Math.sqrt(level.sigma * next));
      const ratio = middle.sigma / level.sigma;
      const halfway = combine([ratio, x], [1 - ratio, denoised]);
      const slope = (next - level.sigma) / middle.sigma;
      return advance(state, combine([1, x], [slope, halfway], [-slope, await denoise(halfway, middle)]));
    },
  };
}

export function dpm2Ancestral(schedule: SigmaSchedule): Sampler {
  const { levels, timesteps } = schedule;
  return {
    levels: levels.slice(0, timesteps.length),
    async step(state, denoise, noise) {
      const level = levels[state.step]!;
      const { up, down } = ancestralSplit(level.sigma, levels[state.step + 1]!.sigma);
      const { x } = state;
      const denoised = await denoise(x, level);
      if (down === 0) return advance(state, denoised);

      const middle = schedule.levelAt(Math.sqrt(level.sigma * down));
      const ratio = middle.sigma / level.sigma;
      const halfway = combine([ratio, x], [1 - ratio, denoised]);
      const slope = (down - level.sigma) / middle.sigma;
      const second = await denoise(halfway, middle);
      return advance(state, combine([1, x], [slope, halfway], [-slope, second], [up, noise.randn(x.shape)]));
    },
  };
}
