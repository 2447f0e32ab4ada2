// DPM-Solver and DPM-Solver++, multistep, orders 1 to 3, ODE and SDE (Lu et al. 2022; diffusers DPMSolverMultistepScheduler).
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

export interface DpmMultistepOptions {
  readonly order: number;
  readonly algorithm: DpmAlgorithm;
  readonly solverType: DpmSolverType;
  readonly lowerOrderFinal: boolean;
  readonly eulerAtFinal: boolean;
  readonly limit: Limit;
}

/** Runs shorter than this fall to lower orders at their end. */
const SHORT_RUN = 15;

export function dpmMultistep({ levels, sigmas, timesteps }: SigmaSchedule, options: DpmMultistepOptions): Sampler {
  const steps = timesteps.length;
  const short = options.lowerOrderFinal && steps < SHORT_RUN;
  const toZero = sigmas[steps] === 0;

  const orderAt = (step: number, known: number): number => {
    if (step === steps - 1 && (options.eulerAtFinal || short || toZero)) return 1;
    if (step === steps - 2 && short) return Math.min(2, options.order, known);
    return Math.min(options.order, known);
  };

  return {
    levels: levels.slice(0, steps),
    async step(state, denoise, noise) {
      const { x, step } = state;
      const [from, to] = [levels[step]!, levels[step + 1]!];
      const denoised = options.limit(await denoise(x, from));
      const output = predictsNoise(options.algorithm) ? noiseIn(x, denoised, from) : denoised;
      const history = remember(state.history, output, options.order);
      const weights = stepWeights(options.algorithm, from, to);
      const order = orderAt(step, history.length);

      const terms: (readonly [number, Tensor])[] = [
        [weights.x, x],
        [weights.output, output],
      ];
      const h = lambdaOf(to) - lambdaOf(from);
      const ratio = (back: number): number => (lambdaOf(levels[step - back + 1]!) - lambdaOf(levels[step - back]!)) / h;
      const [older, oldest] = [history.at(-2), history.at(-3)];
      if (order === 2)
        terms.push(
          ...secondOrder(weights[options.solverType === "heun" ? "slope" : "midpoint"], ratio(1), output, older!),
        );
      if (order === 3)
        terms.push(...thirdOrder(weights.slope, weights.curvature, ratio(1), ratio(2), output, older!, oldest!));
      if (isStochastic(options.algorithm)) terms.push([weights.noise, noise.randn(x.shape)]);
      return advance(state, combine(...terms), { history });
    },
  };
}

/** w·D1 with D1 = (m0 - m1) / r0. */
const secondOrder = (w: number, r0: number, m0: Tensor, m1: Tensor): [number, Tensor][] => [
  [w / r0, m0],
  [-w / r0, m1],
];

/** w1·D1 + w2·D2 of the quadratic through three outputs. */
function thirdOrder(
  w1: number,
  w2: number,
  r0: number,
  r1: number,
  m0: Tensor,
  m1: Tensor,
  m2: Tensor,
): [number, Tensor][] {
  // D1 = a + (a - b)·r0/(r0+r1), D2 = (a - b)/(r0+r1), with a = (m0-m1)/r0 and b = (m1-m2)/r1.
  const lean = (w1 * r0 + w2) / (r0 + r1);
  const [a, b] = [(w1 + lean) / r0, -lean / r1];
  return [
    [a, m0],
    [b - a, m1],
    [-b, m2],
  ];
}
