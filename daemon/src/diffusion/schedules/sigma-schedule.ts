// The noise levels of a run, in one of the three spaces that samplers work in.
import type { NoiseLevel } from "../denoiser.ts";

/** Variance-exploding x = x0 + σ·n, variance-preserving x = (x0 + σ·n) / √(1 + σ²), flow x = (1 - σ)·x0 + σ·n. */
export type Space = "variance-exploding" | "variance-preserving" | "flow";

export interface SigmaSchedule {
  readonly sigmas: readonly number[];
  /** One a step: what the network is told. */
  readonly timesteps: readonly number[];
  /** The level of every sigma: step i goes from levels[i] to levels[i + 1]. */
  readonly levels: readonly NoiseLevel[];
  /** The level of a sigma between the steps. */
  readonly levelAt: (sigma: number) => NoiseLevel;
}

/** @param sigmas descending, at least one more than timesteps; rounded to float32 as published samplers keep them */
export function sigmaSchedule(
  space: Space,
  sigmas: readonly number[],
  timesteps: readonly number[],
  timestepOf: (sigma: number) => number,
): SigmaSchedule {
  const rounded = sigmas.map(Math.fround);
  return {
    sigmas: rounded,
    timesteps,
    levels: rounded.map((sigma, i) => levelOf(space, sigma, timesteps[i] ?? 0)),
    levelAt: (sigma) => levelOf(space, sigma, timestepOf(sigma)),
  };
}

const f32 = Math.fround;

function levelOf(space: Space, sigma: number, timestep: number): NoiseLevel {
  switch (space) {
    case "variance-exploding":
      return { alpha: 1, sigma, timestep };
    case "variance-preserving": {
      // In torch's float32 steps: near pure noise the last bit of sigma shows in the denoised tensor.
      const alpha = f32(1 / f32(Math.sqrt(f32(f32(sigma * sigma) + 1))));
      return { alpha, sigma: f32(sigma * alpha), timestep };
    }
    case "flow":
      return { alpha: 1 - sigma, sigma, timestep };
  }
}
