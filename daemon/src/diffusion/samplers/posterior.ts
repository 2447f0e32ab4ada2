// The reverse process of DDPM between two variance-preserving levels.
import type { NoiseLevel } from "../denoiser.ts";

/** The share of noise that one step from `to` up to `from` adds: beta = 1 - alpha-bar / alpha-bar'. */
export const stepBeta = (from: NoiseLevel, to: NoiseLevel): number => 1 - (from.alpha / to.alpha) ** 2;

/** Deviation of q(x' | x, x0): sqrt((1 - alpha-bar') / (1 - alpha-bar) · beta) (Ho et al. 2020, equation 7). */
export const posteriorDeviation = (from: NoiseLevel, to: NoiseLevel): number =>
  (to.sigma / from.sigma) * Math.sqrt(stepBeta(from, to));
