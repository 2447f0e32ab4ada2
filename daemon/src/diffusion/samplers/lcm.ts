// Latent consistency sampling (Luo et al. 2023, algorithm 3): jump to the clean tensor, noise it again to the next level.
import { combine } from "../../tensor/tensor.ts";
import { addNoise } from "../denoiser.ts";
import type { TimestepSchedule } from "../schedules/timestep-schedule.ts";
import type { Limit } from "./limit.ts";
import { advance, type Sampler } from "./sampler.ts";

const SIGMA_DATA = 0.5;

export function lcm({ timesteps, levelAt }: TimestepSchedule, timestepScaling: number, limit: Limit): Sampler {
  const levels = timesteps.map(levelAt);
  return {
    levels,
    async step(state, denoise, noise) {
      const level = levels[state.step]!;
      const predicted = limit(await denoise(state.x, level));
      // The boundary condition: near timestep 0 the function is the identity.
      const norm = Math.hypot(level.timestep * timestepScaling, SIGMA_DATA);
      const denoised = combine(
        [(level.timestep * timestepScaling) / norm, predicted],
        [(SIGMA_DATA / norm) ** 2, state.x],
      );
      const next = levels[state.step + 1];
      return advance(state, next ? addNoise(denoised, noise.randn(state.x.shape), next) : denoised);
    },
  };
}
