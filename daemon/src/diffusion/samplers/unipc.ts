// UniPC: a unified predictor and corrector (Zhao et al. 2023, algorithms 5 to 8; diffusers UniPCMultistepScheduler). The corrector
// of a step reuses the network call of the next one, so that it costs nothing.
import { combine, type Tensor } from "../../tensor/tensor.ts";
import { noiseIn } from "../denoiser.ts";
import type { SigmaSchedule } from "../schedules/sigma-schedule.ts";
import { lambdaOf } from "./exponential-step.ts";
import type { Limit } from "./limit.ts";
import { solve } from "./linear-solve.ts";
import { advance, remember, type Sampler } from "./sampler.ts";

export const UNIPC_SOLVER_TYPES = ["bh1", "bh2"] as const;

export interface UnipcOptions {
  readonly order: number;
  readonly solverType: (typeof UNIPC_SOLVER_TYPES)[number];
  /** Interpolates denoised tensors; otherwise noise. */
  readonly predictsDenoised: boolean;
  readonly lowerOrderFinal: boolean;
  /** Steps whose result is not corrected. */
  readonly uncorrected: readonly number[];
  readonly limit: Limit;
}

export function unipc({ levels, timesteps }: SigmaSchedule, options: UnipcOptions): Sampler {
  const steps = timesteps.length;
  const orderAt = (step: number, known: number): number =>
    Math.min(options.order, known, options.lowerOrderFinal ? steps - step : options.order);

  return {
    levels: levels.slice(0, steps),
    async step(state, denoise) {
      const { step, history: before } = state;
      const level = levels[step]!;
      const raw = await denoise(state.x, level);
      const output = options.predictsDenoised ? options.limit(raw) : noiseIn(state.x, raw, level);

      const corrects = state.anchor !== null && !options.uncorrected.includes(step - 1);
      const x = corrects ? correct(state.anchor, output, before, step - 1, orderAt(step - 1, before.length)) : state.x;

      const history = remember(before, output, options.order);
      return advance(state, predict(x, history, step, orderAt(step, history.length)), { history, anchor: x });
    },
  };

  /** x at levels[step] carried to the next level by the outputs up to there, newest last. */
  function predict(x: Tensor, history: readonly Tensor[], step: number, order: number): Tensor {
    const { base, scale, ratios, system } = frame(history, step, order, x);
    const [matrix, right] = [system.matrix.slice(0, -1).map((row) => row.slice(0, -1)), system.right.slice(0, -1)];
    const rhos = order === 2 ? [0.5] : order === 1 ? [] : solve(matrix, right);
    return combine(...base, ...differences(history, ratios, rhos, scale));
  }

  /** As predict, with the output at the next level known too. */
  function correct(x: Tensor, output: Tensor, history: readonly Tensor[], step: number, order: number): Tensor {
    const { base, scale, ratios, system } = frame(history, step, order, x);
    const rhos = order === 1 ? [0.5] : solve(system.matrix, system.right);
    const newest = history.at(-1)!;
    const last = rhos.at(-1)!;
    return combine(
      ...base,
      ...differences(history, ratios, rhos, scale),
      [scale * last, output],
      [-scale * last, newest],
    );
  }

  /** What predictor and corrector of a step share: the first-order solution, the scale of the rest, and the order conditions. */
  function frame(history: readonly Tensor[], step: number, order: number, x: Tensor) {
    const [from, to] = [levels[step]!, levels[step + 1]!];
    const h = lambdaOf(to) - lambdaOf(from);
    const z = options.predictsDenoised ? -h : h;
    const amplitude = options.predictsDenoised ? to.alpha : to.sigma;
    const b = options.solverType === "bh1" ? z : Math.expm1(z);
    const ratios = Array.from({ length: order - 1 }, (_, i) => (lambdaOf(levels[step - 1 - i]!) - lambdaOf(from)) / h);
    const base: (readonly [number, Tensor])[] = [
      [options.predictsDenoised ? to.sigma / from.sigma : to.alpha / from.alpha, x],
      [-amplitude * Math.expm1(z), history.at(-1)!],
    ];
    return { base, scale: -amplitude * b, ratios, system: orderConditions([...ratios, 1], z, b) };
  }
}

/** Σ scale·rho·(older - newest) / ratio */
function differences(
  history: readonly Tensor[],
  ratios: readonly number[],
  rhos: readonly number[],
  scale: number,
): [number, Tensor][] {
  const newest = history.at(-1)!;
  return ratios.flatMap((ratio, i): [number, Tensor][] => {
    const weight = (scale * rhos[i]!) / ratio;
    return [
      [weight, history.at(-2 - i)!],
      [-weight, newest],
    ];
  });
}

/** The Vandermonde system R·rho = b of the paper's theorem 3.1. */
function orderConditions(ratios: readonly number[], z: number, b: number): { matrix: number[][]; right: number[] } {
  const right: number[] = [];
  let phi = Math.expm1(z) / z - 1;
  let factorial = 1;
  for (let i = 1; i <= ratios.length; i++) {
    right.push((phi * factorial) / b);
    factorial *= i + 1;
    phi = phi / z - 1 / factorial;
  }
  return { matrix: right.map((_, i) => ratios.map((ratio) => ratio ** i)), right };
}
