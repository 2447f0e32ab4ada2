// Noise levels between a highest and a lowest sigma: Karras, exponential, beta, uniform log-SNR. All descending, without the final 0.
import { betaQuantile } from "./beta-quantile.ts";
import { linspace } from "./grids.ts";

/** Evenly spaced in sigma^(1/rho) (Karras et al. 2022, equation 5). */
export function karrasSigmas(highest: number, lowest: number, steps: number, rho = 7): number[] {
  const [max, min] = [highest ** (1 / rho), lowest ** (1 / rho)];
  return linspace(0, 1, steps).map((ramp) => (max + ramp * (min - max)) ** rho);
}

/** Evenly spaced in log sigma, which is also uniform log-SNR (Lu et al. 2022). */
export const exponentialSigmas = (highest: number, lowest: number, steps: number): number[] =>
  linspace(Math.log(highest), Math.log(lowest), steps).map(Math.exp);

/** At the quantiles of Beta(0.6, 0.6) (Lee et al. 2024, "Beta Sampling is All You Need"). */
export const betaSigmas = (highest: number, lowest: number, steps: number): number[] =>
  linspace(0, 1, steps).map((ramp) => lowest + betaQuantile(1 - ramp, 0.6, 0.6) * (highest - lowest));
