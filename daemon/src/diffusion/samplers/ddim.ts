// DDIM (Song et al. 2020, equation 12); eta 1 is DDPM's noise.
import { combine } from "../../tensor/tensor.ts";
import { noiseIn } from "../denoiser.ts";
import type { TimestepSchedule } from "../schedules/timestep-schedule.ts";
import type { Limit } from "./limit.ts";
import { posteriorDeviation } from "./posterior.ts";
import { advance, type Sampler } from "./sampler.ts";

export interface DdimOptions {
  readonly eta: number;
  readonly limit: Limit;
  /** Takes the noise direction from the limited tensor instead of the network's own. */
  readonly limitedDirection: boolean;
}

export function ddim(
  { timesteps, stride, levelAt }: TimestepSchedule,
  { eta, limit, limitedDirection }: DdimOptions,
): Sampler {
  const levels = timesteps.map(levelAt);
  return {
    levels,
    async step(state, denoise, noise) {
      const from = levels[state.step]!;
      const to = levelAt(from.timestep - stride);
      const raw = await denoise(state.x, from);
      const denoised = limit(raw);
      const direction = noiseIn(state.x, limitedDirection ? denoised : raw, from);
      const deviation = eta * posteriorDeviation(from, to);
      const kept = Math.sqrt(to.sigma ** 2 - deviation ** 2);
      if (eta === 0) return advance(state, combine([to.alpha, denoised], [kept, direction]));
      return advance(state, combine([to.alpha, denoised], [kept, direction], [deviation, noise.randn(state.x.shape)]));
    },
  };
}
