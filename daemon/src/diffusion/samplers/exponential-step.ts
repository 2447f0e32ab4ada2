// The exponential integrator that the DPM-Solver family shares: the exact solution of the linear part over a log-SNR step, and
// weights for the polynomial through the network's outputs (Lu et al. 2022, DPM-Solver and DPM-Solver++).
import type { NoiseLevel } from "../denoiser.ts";

export const DPM_ALGORITHMS = ["dpmsolver", "dpmsolver++", "sde-dpmsolver", "sde-dpmsolver++"] as const;

/** Whether noise or denoised tensors are interpolated, and whether the SDE or the ODE is solved. */
export type DpmAlgorithm = (typeof DPM_ALGORITHMS)[number];

export const DPM_SOLVER_TYPES = ["midpoint", "heun"] as const;

export type DpmSolverType = (typeof DPM_SOLVER_TYPES)[number];

export const predictsNoise = (algorithm: DpmAlgorithm): boolean => !algorithm.endsWith("++");

export const isStochastic = (algorithm: DpmAlgorithm): boolean => algorithm.startsWith("sde");

/** log(alpha / sigma), half the log-SNR. */
export const lambdaOf = (level: NoiseLevel): number => Math.log(level.alpha) - Math.log(level.sigma);

/** Weights of one step: on x, on the output and its first and second differences, and on fresh noise. */
export interface StepWeights {
  readonly x: number;
  readonly output: number;
  /** Of the first difference by the midpoint rule, and by the Taylor expansion. */
  readonly midpoint: number;
  readonly slope: number;
  readonly curvature: number;
  readonly noise: number;
}

export function stepWeights(algorithm: DpmAlgorithm, from: NoiseLevel, to: NoiseLevel): StepWeights {
  const h = lambdaOf(to) - lambdaOf(from);
  switch (algorithm) {
    case "dpmsolver++":
      return { x: to.sigma / from.sigma, ...expansion(-h, to.alpha), noise: 0 };
    case "sde-dpmsolver++": {
      const weights = expansion(-2 * h, to.alpha);
      return {
        ...weights,
        x: (to.sigma / from.sigma) * Math.exp(-h),
        // diffusers subtracts the half here where the expansion adds it.
        curvature: weights.curvature - to.alpha,
        noise: to.sigma * Math.sqrt(-Math.expm1(-2 * h)),
      };
    }
    case "dpmsolver":
      return { x: to.alpha / from.alpha, ...expansion(h, to.sigma), noise: 0 };
    case "sde-dpmsolver":
      return {
        x: to.alpha / from.alpha,
        ...expansion(h, 2 * to.sigma),
        noise: to.sigma * Math.sqrt(Math.expm1(2 * h)),
      };
  }
}

/** Weights that come of the phi functions at z, for outputs scaled by `amplitude`. */
function expansion(z: number, amplitude: number): Pick<StepWeights, "output" | "midpoint" | "slope" | "curvature"> {
  const phi1 = Math.expm1(z);
  return {
    output: -amplitude * phi1,
    midpoint: -0.5 * amplitude * phi1,
    slope: -amplitude * (phi1 / z - 1),
    curvature: -amplitude * ((phi1 - z) / z ** 2 - 0.5),
  };
}
