// Linear multistep (Adams–Bashforth) of order up to four on uneven sigmas (k-diffusion sample_lms).
import { combine } from "../../tensor/tensor.ts";
import { noiseIn } from "../denoiser.ts";
import type { SigmaSchedule } from "../schedules/sigma-schedule.ts";
import { advance, remember, type Sampler } from "./sampler.ts";

const ORDER = 4;

export function lms({ levels, sigmas, timesteps }: SigmaSchedule): Sampler {
  return {
    levels: levels.slice(0, timesteps.length),
    async step(state, denoise) {
      const level = levels[state.step]!;
      const slope = noiseIn(state.x, await denoise(state.x, level), level);
      const history = remember(state.history, slope, ORDER);
      // The order counts from the schedule's start: a run that begins later lacks slopes, and diffusers leaves their terms out.
      const order = Math.min(state.step + 1, ORDER);
      const terms = [...history].reverse().map((d, j) => [coefficient(sigmas, state.step, order, j), d] as const);
      return advance(state, combine([1, state.x], ...terms.slice(0, order)), { history });
    },
  };
}

/** ∫ of the j-th Lagrange polynomial over the step; Simpson's rule, which is exact to the third degree. */
function coefficient(sigmas: readonly number[], step: number, order: number, j: number): number {
  const lagrange = (at: number): number => {
    let product = 1;
    for (let k = 0; k < order; k++)
      if (k !== j) product *= (at - sigmas[step - k]!) / (sigmas[step - j]! - sigmas[step - k]!);
    return product;
  };
  const [from, to] = [sigmas[step]!, sigmas[step + 1]!];
  return ((to - from) / 6) * (lagrange(from) + 4 * lagrange((from + to) / 2) + lagrange(to));
}
