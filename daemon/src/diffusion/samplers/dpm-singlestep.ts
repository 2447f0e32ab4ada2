// DPM-Solver and DPM-Solver++, singlestep: groups of steps of rising order that start from one x (diffusers
// DPMSolverSinglestepScheduler). Each step is one network call.
import { combine, type Tensor } from "../../tensor/tensor.ts";
import { noiseIn } from "../denoiser.ts";
import type { SigmaSchedule } from "../schedules/sigma-schedule.ts";
import {
  isStochastic,
  lambdaOf,
  predictsNoise,
  stepWeights,
  type DpmAlgorithm,
  type DpmSolverType,
} from "./exponential-step.ts";
import type { Limit } from "./limit.ts";
import { advance, remember, type Sampler } from "./sampler.ts";

export interface DpmSinglestepOptions {
  readonly order: number;
  readonly algorithm: DpmAlgorithm;
  readonly solverType: DpmSolverType;
  readonly lowerOrderFinal: boolean;
  readonly limit: Limit;
}

export function dpmSinglestep({ levels, sigmas, timesteps }: SigmaSchedule, options: DpmSinglestepOptions): Sampler {
  const steps = timesteps.length;
  const orders = singlestepOrders(steps, options.order, options.lowerOrderFinal, sigmas[steps] === 0);
  return {
    levels: levels.slice(0, steps),
    async step(state, denoise, noise) {
      const { x, step } = state;
      const denoised = options.limit(await denoise(x, levels[step]!));
      const output = predictsNoise(options.algorithm) ? noiseIn(x, denoised, levels[step]!) : denoised;
      const history = remember(state.history, output, options.order);
      const order = Math.min(orders[step]!, history.length);
      const anchor = order === 1 ? x : state.anchor!;

      const from = levels[step - order + 1]!;
      const to = levels[step + 1]!;
      const weights = stepWeights(options.algorithm, from, to);
      const first = history.at(-order)!;
      const h = lambdaOf(to) - lambdaOf(from);
      const part = (back: number): number => (lambdaOf(levels[step - back]!) - lambdaOf(from)) / h;
      const terms: (readonly [number, Tensor])[] = [
        [weights.x, anchor],
        [weights.output, first],
      ];
      const heun = options.solverType === "heun";
      if (order === 2) terms.push(...difference(heun ? weights.slope : weights.midpoint, part(0), output, first));
      if (order === 3) {
        const [r0, r1] = [part(0), part(1)];
        // D1 = (r0·b - r1·a)/(r0-r1), D2 = 2(a - b)/(r0-r1), with a = (m0-m2)/r0 and b = (m1-m2)/r1; the midpoint rule takes a.
        const [a, b] = heun
          ? [
              (2 * weights.curvature - weights.slope * r1) / (r0 - r1),
              (weights.slope * r0 - 2 * weights.curvature) / (r0 - r1),
            ]
          : [weights.slope, 0];
        terms.push(...difference(a, r0, output, first), ...difference(b, r1, history.at(-2)!, first));
      }
      if (isStochastic(options.algorithm)) terms.push([weights.noise, noise.randn(x.shape)]);
      return advance(state, combine(...terms), { history, anchor });
    },
  };
}

/** w·(later - first) / r */
const difference = (w: number, r: number, later: Tensor, first: Tensor): [number, Tensor][] => [
  [w / r, later],
  [-w / r, first],
];

/** The order of every step: 1, 2, 3, 1, 2, 3, …; the last is 1 where the last sigma is 0 or a whole group would end the run. */
function singlestepOrders(steps: number, order: number, lowerOrderFinal: boolean, toZero: boolean): number[] {
  const orders = Array.from({ length: steps }, (_, i) => (i % order) + 1);
  if (toZero || (lowerOrderFinal && steps % order === 0)) orders[steps - 1] = 1;
  return orders;
}
