// Sigma against timestep of a trained model: the table every sigma schedule reads from and maps back to.
import { interpolate } from "./grids.ts";

/** sigma = sqrt((1 - alpha-bar) / alpha-bar) for every training timestep, ascending. */
export interface NoiseTable {
  readonly sigmas: Float32Array;
  /** Sigma at a fractional timestep, linear in sigma. */
  readonly sigmaAt: (timestep: number) => number;
  /** Sigma at a fractional timestep, linear in log sigma: the inverse of `timestepOf`. */
  readonly logSigmaAt: (timestep: number) => number;
  /** The fractional timestep whose log sigma it is; the ends beyond the table. */
  readonly timestepOf: (sigma: number) => number;
}

const f32 = Math.fround;

export function noiseTable(alphaBars: Float32Array): NoiseTable {
  const sigmas = alphaBars.map((bar) => Math.sqrt(f32(f32(1 - bar) / bar)));
  const logSigmas = sigmas.map(Math.log);
  return {
    sigmas,
    sigmaAt: (timestep) => interpolate(sigmas, timestep),
    logSigmaAt: (timestep) => Math.exp(interpolate(logSigmas, timestep)),
    timestepOf: (sigma) => positionOf(Math.log(Math.max(sigma, 1e-10)), logSigmas),
  };
}

/** The table of a flow model: sigma is its own measure of time, shifted (Esser et al. 2024, equation 23). */
export function flowTable(trainSteps: number, shift: number): NoiseTable {
  const shifted = (timestep: number): number => shiftSigma(timestep / trainSteps, shift);
  return {
    sigmas: Float32Array.from({ length: trainSteps }, (_, i) => shifted(i + 1)),
    sigmaAt: shifted,
    logSigmaAt: shifted,
    timestepOf: (sigma) => sigma * trainSteps,
  };
}

/** shift·t / (1 + (shift - 1)·t) */
export const shiftSigma = (sigma: number, shift: number): number => (shift * sigma) / (1 + (shift - 1) * sigma);

/** Where a value lies in an ascending float32 table, by linear interpolation in float32, within its ends. */
function positionOf(value: number, table: Float32Array): number {
  const wanted = f32(value);
  let low = 0;
  let high = table.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (table[middle]! <= wanted) low = middle;
    else high = middle;
  }
  const weight = f32(f32(table[low]! - wanted) / f32(table[low]! - table[low + 1]!));
  const within = Math.min(1, Math.max(0, weight));
  return f32(1 - within) * low + within * (low + 1);
}
