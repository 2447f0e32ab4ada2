// DPM-Solver++ (SDE) with a midpoint at half the log-SNR step (k-diffusion sample_dpmpp_sde). Both halves of a step read one
// Brownian path.
import type { BrownianNoise } from "../../random/noise-source.ts";
import { combine, type Tensor } from "../../tensor/tensor.ts";
import type { SigmaSchedule } from "../schedules/sigma-schedule.ts";
import { ancestralSplit } from "./ancestral.ts";
import { advance, type Sampler } from "./sampler.ts";

export function dpmppSde(schedule: SigmaSchedule, brownian: BrownianNoise): Sampler {
  const { levels, timesteps } = schedule;

  /** From x at `from` to `to`, heading for `denoised`, with the path's noise. */
  const move = (x: Tensor, denoised: Tensor, from: number, to: number): Tensor => {
    const { up, down } = ancestralSplit(from, to);
    const ratio = down / from;
    return combine([ratio, x], [1 - ratio, denoised], [up, brownian(x.shape, from, to)]);
  };

  return {
    levels: levels.slice(0, timesteps.length),
    async step(state, denoise) {
      const level = levels[state.step]!;
      const next = levels[state.step + 1]!.sigma;
      const denoised = await denoise(state.x, level);
      if (next === 0) return advance(state, denoised);

      const [from, to] = [timeOf(level.sigma), timeOf(next)];
      const middle = schedule.levelAt(sigmaOf(f32(from + f32(f32(to - from) * 0.5))));
      const halfway = move(state.x, denoised, sigmaOf(from), middle.sigma);
      return advance(state, move(state.x, await denoise(halfway, middle), sigmaOf(from), sigmaOf(to)));
    },
  };
}

// Sigmas pass through their negative logarithm in float32, as in k-diffusion: the path is so rough that the last bit of an end
// point moves its increment by a thousandth.
const f32 = Math.fround;
const timeOf = (sigma: number): number => f32(-f32(Math.log(sigma)));
const sigmaOf = (time: number): number => f32(Math.exp(-time));
