// DEIS in log rho, multistep, orders 1 to 3 (Zhang and Chen 2022, "Fast Sampling with Exponential Integrator"; diffusers
// DEISMultistepScheduler). rho = sigma / alpha.
import { combine } from "../../tensor/tensor.ts";
import { noiseIn, type NoiseLevel } from "../denoiser.ts";
import type { SigmaSchedule } from "../schedules/sigma-schedule.ts";
import type { Limit } from "./limit.ts";
import { advance, remember, type Sampler } from "./sampler.ts";

export interface DeisOptions {
  readonly order: number;
  readonly lowerOrderFinal: boolean;
  readonly limit: Limit;
}

const SHORT_RUN = 15;

export function deis({ levels, timesteps }: SigmaSchedule, { order, lowerOrderFinal, limit }: DeisOptions): Sampler {
  const steps = timesteps.length;
  const short = lowerOrderFinal && steps < SHORT_RUN;
  const rho = (level: NoiseLevel): number => level.sigma / level.alpha;
  return {
    levels: levels.slice(0, steps),
    async step(state, denoise) {
      const { x, step } = state;
      const [from, to] = [levels[step]!, levels[step + 1]!];
      const output = noiseIn(x, limit(await denoise(x, from)), from);
      const history = remember(state.history, output, order);
      const used = Math.min(history.length, short ? steps - step : order);
      const nodes = Array.from({ length: used }, (_, i) => rho(levels[step - i]!));
      const terms = nodes.map((_, i) => [to.alpha * weight(nodes, i, rho(to)), history.at(-1 - i)!] as const);
      return advance(state, combine([to.alpha / from.alpha, x], ...terms), { history });
    },
  };
}

/** ∫ from nodes[0] to `to` of the i-th Lagrange polynomial in log rho. */
function weight(nodes: readonly number[], i: number, to: number): number {
  const others = nodes.filter((_, k) => k !== i).map(Math.log);
  const own = Math.log(nodes[i]!);
  const scale = others.reduce((product, other) => product * (own - other), 1);
  return (antiderivative(others, to) - antiderivative(others, nodes[0]!)) / scale;
}

/** ∫ Π (log t - r) dt for none, one or two roots r. */
function antiderivative(roots: readonly number[], t: number): number {
  const log = Math.log(t);
  const [a, b] = roots;
  if (a === undefined) return t;
  if (b === undefined) return t * (log - 1 - a);
  return t * (log ** 2 - 2 * log + 2 - (a + b) * (log - 1) + a * b);
}
