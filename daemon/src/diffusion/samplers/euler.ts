// Euler's method (Karras et al. 2022, algorithm 2 without correction); on flow levels it is rectified flow's ODE.
// With churn the network is called before the noise is raised, as diffusers does, not after as in the paper.
import { combine } from "../../tensor/tensor.ts";
import type { SigmaSchedule } from "../schedules/sigma-schedule.ts";
import { along, derivative } from "./derivative.ts";
import { advance, type Sampler } from "./sampler.ts";

/** Noise added back before each step: its amount over the whole run, and a factor on its deviation. */
export interface Churn {
  readonly amount: number;
  readonly noise: number;
}

export const NO_CHURN: Churn = { amount: 0, noise: 1 };

export function euler({ levels, timesteps }: SigmaSchedule, churn: Churn): Sampler {
  const gamma = Math.min(churn.amount / (levels.length - 1), Math.SQRT2 - 1);
  return {
    levels: levels.slice(0, timesteps.length),
    async step(state, denoise, noise) {
      const level = levels[state.step]!;
      const next = levels[state.step + 1]!.sigma;
      const { sigma } = level;
      const denoised = await denoise(state.x, level);
      if (gamma === 0) return advance(state, along(state.x, derivative(state.x, denoised, sigma), next - sigma));

      const raised = sigma * (1 + gamma);
      const added = churn.noise * Math.sqrt(raised ** 2 - sigma ** 2);
      const slope = (next - raised) / sigma;
      return advance(state, combine([1 + slope, state.x], [-slope, denoised], [added, noise.randn(state.x.shape)]));
    },
  };
}
