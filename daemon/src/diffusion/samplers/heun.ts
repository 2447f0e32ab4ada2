// Heun's second-order method (Karras et al. 2022, algorithm 1); on flow levels too. The last step, to 0, is Euler's.
import { combine } from "../../tensor/tensor.ts";
import type { SigmaSchedule } from "../schedules/sigma-schedule.ts";
import { along, derivative } from "./derivative.ts";
import type { Limit } from "./limit.ts";
import { advance, type Sampler } from "./sampler.ts";

export function heun({ levels, timesteps }: SigmaSchedule, limit: Limit): Sampler {
  return {
    levels: levels.slice(0, timesteps.length),
    async step(state, denoise) {
      const [from, to] = [levels[state.step]!, levels[state.step + 1]!];
      const { x } = state;
      const denoised = limit(await denoise(x, from));
      const [dt, slope] = [to.sigma - from.sigma, derivative(x, denoised, from.sigma)];
      const predicted = along(x, slope, dt);
      if (state.step + 1 === timesteps.length) return advance(state, predicted);

      const corrected = derivative(predicted, limit(await denoise(predicted, to)), to.sigma);
      return advance(state, along(x, combine([0.5, slope], [0.5, corrected]), dt));
    },
  };
}
