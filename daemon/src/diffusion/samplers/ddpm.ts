// Ancestral sampling of DDPM (Ho et al. 2020, algorithm 2 and equation 7).
import { combine } from "../../tensor/tensor.ts";
import type { NoiseLevel } from "../denoiser.ts";
import type { TimestepSchedule } from "../schedules/timestep-schedule.ts";
import type { Limit } from "./limit.ts";
import { posteriorDeviation, stepBeta } from "./posterior.ts";
import { advance, type Sampler } from "./sampler.ts";

export const DDPM_VARIANCES = ["fixed_small", "fixed_small_log", "fixed_large"] as const;

export type DdpmVariance = (typeof DDPM_VARIANCES)[number];

export function ddpm({ timesteps, levelAt }: TimestepSchedule, variance: DdpmVariance, limit: Limit): Sampler {
  const levels = timesteps.map(levelAt);
  return {
    levels,
    async step(state, denoise, noise) {
      const from = levels[state.step]!;
      const to = levels[state.step + 1] ?? levelAt(-1);
      const denoised = limit(await denoise(state.x, from));
      const beta = stepBeta(from, to);
      const [clean, kept] = [
        (to.alpha * beta) / from.sigma ** 2,
        ((from.alpha / to.alpha) * to.sigma ** 2) / from.sigma ** 2,
      ];
      const mean = combine([clean, denoised], [kept, state.x]);
      if (from.timestep === 0) return advance(state, mean);
      return advance(state, combine([1, mean], [deviation(from, to, variance), noise.randn(state.x.shape)]));
    },
  };
}

function deviation(from: NoiseLevel, to: NoiseLevel, variance: DdpmVariance): number {
  return variance === "fixed_large" ? Math.sqrt(stepBeta(from, to)) : Math.max(posteriorDeviation(from, to), 1e-10);
}
