// A run over whole training timesteps, for samplers defined on the discrete process (DDPM, DDIM, PNDM, LCM, TCD).
import type { NoiseLevel } from "../denoiser.ts";

export interface TimestepSchedule {
  /** The timestep of every network call, descending. */
  readonly timesteps: readonly number[];
  /** Training timesteps between two steps of an evenly spaced run. */
  readonly stride: number;
  /** The level of a training timestep; below 0 the level of the result. */
  readonly levelAt: (timestep: number) => NoiseLevel;
}

/** @param finalBar alpha-bar of the result: 1, or that of timestep 0 */
export function timestepSchedule(
  alphaBars: Float32Array,
  finalBar: number,
  timesteps: readonly number[],
  stride: number,
): TimestepSchedule {
  return {
    timesteps,
    stride,
    levelAt: (timestep) => {
      const bar = timestep >= 0 ? alphaBars[timestep]! : finalBar;
      return { alpha: Math.sqrt(bar), sigma: Math.sqrt(1 - bar), timestep };
    },
  };
}
