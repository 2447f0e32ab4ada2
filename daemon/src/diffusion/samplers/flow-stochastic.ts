// Flow sampling that noises the denoised tensor anew at each step (LTX-Video; diffusers FlowMatchEulerDiscreteScheduler).
import { addNoise } from "../denoiser.ts";
import type { SigmaSchedule } from "../schedules/sigma-schedule.ts";
import { advance, type Sampler } from "./sampler.ts";

export function flowStochastic({ levels, timesteps }: SigmaSchedule): Sampler {
  return {
    levels: levels.slice(0, timesteps.length),
    async step(state, denoise, noise) {
      const denoised = await denoise(state.x, levels[state.step]!);
      return advance(state, addNoise(denoised, noise.randn(state.x.shape), levels[state.step + 1]!));
    },
  };
}
