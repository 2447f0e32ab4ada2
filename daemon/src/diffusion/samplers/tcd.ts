// Trajectory consistency sampling (Zheng et al. 2024, algorithm 4): denoise to an earlier timestep s, then noise up to the next.
import { combine } from "../../tensor/tensor.ts";
import { noiseIn } from "../denoiser.ts";
import type { TimestepSchedule } from "../schedules/timestep-schedule.ts";
import { advance, type Sampler } from "./sampler.ts";

/** @param eta how far below the next timestep the deterministic part goes: 0 … 1 */
export function tcd({ timesteps, levelAt }: TimestepSchedule, eta: number): Sampler {
  const levels = timesteps.map(levelAt);
  return {
    levels,
    async step(state, denoise, noise) {
      const from = levels[state.step]!;
      const next = levels[state.step + 1];
      const to = levelAt(Math.floor(Math.fround(Math.fround(1 - eta) * (next?.timestep ?? 0))));
      const denoised = await denoise(state.x, from);
      const x = combine([to.alpha, denoised], [to.sigma, noiseIn(state.x, denoised, from)]);
      if (eta === 0 || !next) return advance(state, x);

      const ratio = next.alpha / to.alpha;
      return advance(state, combine([ratio, x], [Math.sqrt(1 - ratio ** 2), noise.randn(state.x.shape)]));
    },
  };
}
