// DPM-Solver++(3M) SDE (k-diffusion sample_dpmpp_3m_sde), eta 1.
import type { BrownianNoise } from "../../random/noise-source.ts";
import { combine } from "../../tensor/tensor.ts";
import type { SigmaSchedule } from "../schedules/sigma-schedule.ts";
import { advance, remember, type Sampler } from "./sampler.ts";

export function dpmpp3mSde({ levels, sigmas, timesteps }: SigmaSchedule, brownian: BrownianNoise): Sampler {
  /** The log-SNR a step covers. */
  const stride = (step: number): number => Math.log(sigmas[step]! / sigmas[step + 1]!);
  return {
    levels: levels.slice(0, timesteps.length),
    async step(state, denoise) {
      const { x, step } = state;
      const [sigma, next] = [sigmas[step]!, sigmas[step + 1]!];
      const denoised = await denoise(x, levels[step]!);
      const history = remember(state.history, denoised, 3);
      if (next === 0) return advance(state, denoised, { history });

      const h = stride(step);
      const [first, second, third] = weights(
        h,
        history.length > 1 ? stride(step - 1) / h : 0,
        history.length > 2 ? stride(step - 2) / h : 0,
      );
      const [older, oldest] = [history.at(-2) ?? denoised, history.at(-3) ?? denoised];
      const fresh = brownian(x.shape, sigma, next);
      const spread = next * Math.sqrt(-Math.expm1(-2 * h));
      const kept = Math.exp(-2 * h);
      return advance(state, combine([kept, x], [first, denoised], [second, older], [third, oldest], [spread, fresh]), {
        history,
      });
    },
  };
}

/** Weights of the last three denoised tensors for a step h; r0 and r1 are the steps before as parts of h, 0 where there is none. */
function weights(h: number, r0: number, r1: number): [number, number, number] {
  const phi1 = -Math.expm1(-2 * h);
  if (r0 === 0) return [phi1, 0, 0];
  const phi2 = Math.expm1(-2 * h) / (2 * h) + 1;
  if (r1 === 0) return [phi1 + phi2 / r0, -phi2 / r0, 0];
  // d1 = a + (a - b)·r0/(r0+r1) and d2 = (a - b)/(r0+r1), with a = (D0-D1)/r0 and b = (D1-D2)/r1.
  const phi3 = phi2 / (2 * h) - 0.5;
  const lean = (phi2 * r0 - phi3) / (r0 + r1);
  const [a, b] = [phi2 + lean, -lean];
  return [phi1 + a / r0, -a / r0 + b / r1, -b / r1];
}
