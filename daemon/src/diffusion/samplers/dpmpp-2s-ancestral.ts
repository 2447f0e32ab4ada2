// DPM-Solver++(2S) with ancestral noise (k-diffusion sample_dpmpp_2s_ancestral).
import { combine } from "../../tensor/tensor.ts";
import type { SigmaSchedule } from "../schedules/sigma-schedule.ts";
import { ancestralSplit } from "./ancestral.ts";
import { advance, type Sampler } from "./sampler.ts";

export function dpmpp2sAncestral(schedule: SigmaSchedule): Sampler {
  const { levels, timesteps } = schedule;
  return {
    levels: levels.slice(0, timesteps.length),
    async step(state, denoise, noise) {
      const level = levels[state.step]!;
      const next = levels[state.step + 1]!.sigma;
      const { x } = state;
      const { up, down } = ancestralSplit(level.sigma, next);
      const denoised = await denoise(x, level);
      if (down === 0) return advance(state, denoised);

      const middle = schedule.levelAt(Math.sqrt(level.sigma * down));
      const ratio = middle.sigma / level.sigma;
      const second = await denoise(combine([ratio, x], [1 - ratio, denoised]), middle);
      const whole = down / level.sigma;
      return advance(state, combine([whole, x], [1 - whole, second], [up, noise.randn(x.shape)]));
    },
  };
}
