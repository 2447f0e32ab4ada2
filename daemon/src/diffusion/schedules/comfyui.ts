// Sigma schedules by the names ComfyUI gives them (comfy/samplers.py, comfy_extras/nodes_align_your_steps.py). Ascending
// tables in, descending sigmas ending in 0 out; ddim_uniform may give another number of steps than asked for.
import { interpolate, linspace } from "./grids.ts";
import type { NoiseTable } from "./noise-table.ts";

export const COMFYUI_SCHEDULES = [
  "normal",
  "simple",
  "sgm_uniform",
  "ddim_uniform",
  "linear_quadratic",
  "kl_optimal",
  "ays",
] as const;

export type ComfyuiSchedule = (typeof COMFYUI_SCHEDULES)[number];

/** Model families for which Align Your Steps published levels. */
export type AysFamily = "stable-diffusion" | "stable-diffusion-xl";

/** The sigmas of a named schedule, the final 0 included. */
export function comfyuiSigmas(name: ComfyuiSchedule, table: NoiseTable, steps: number, family: AysFamily): number[] {
  const highest = table.sigmas.at(-1)!;
  const lowest = table.sigmas[0]!;
  switch (name) {
    case "normal":
      return [...normal(table, highest, lowest, steps), 0];
    case "sgm_uniform":
      return [...normal(table, highest, lowest, steps + 1).slice(0, -1), 0];
    case "simple":
      return [...simple(table.sigmas, steps), 0];
    case "ddim_uniform":
      return [...ddimUniform(table.sigmas, steps), 0];
    case "linear_quadratic":
      return linearQuadratic(steps).map((sigma) => sigma * highest);
    case "kl_optimal":
      return [...klOptimal(highest, lowest, steps), 0];
    case "ays":
      return alignYourSteps(family, steps);
  }
}

/** Evenly spaced in time. */
function normal(table: NoiseTable, highest: number, lowest: number, count: number): number[] {
  return linspace(table.timestepOf(highest), table.timestepOf(lowest), count).map((t) => table.logSigmaAt(t));
}

/** Every n-th entry of the table from its noisy end. */
function simple(sigmas: Float32Array, steps: number): number[] {
  const stride = sigmas.length / steps;
  return Array.from({ length: steps }, (_, i) => sigmas[sigmas.length - 1 - Math.trunc(i * stride)]!);
}

/** Every n-th entry of the table from its second one up. */
function ddimUniform(sigmas: Float32Array, steps: number): number[] {
  const stride = Math.max(Math.floor(sigmas.length / steps), 1);
  return [...sigmas].filter((_, i) => i > 0 && (i - 1) % stride === 0).reverse();
}

/** Linear down to 1 - 0.025 over the first half of the steps, quadratic after (Mochi 1); of 1 … 0. */
function linearQuadratic(steps: number, threshold = 0.025): number[] {
  if (steps === 1) return [1, 0];
  const linear = Math.floor(steps / 2);
  const quadratic = steps - linear;
  const difference = linear - threshold * steps;
  const square = difference / (linear * quadratic ** 2);
  const slope = threshold / linear - (2 * difference) / quadratic ** 2;
  const rise = (i: number): number =>
    i < linear ? (i * threshold) / linear : square * i ** 2 + slope * i + square * linear ** 2;
  return [...Array.from({ length: steps }, (_, i) => 1 - rise(i)), 0];
}

/** Evenly spaced in arctan sigma (Sabour et al. 2024, equation 15). */
function klOptimal(highest: number, lowest: number, steps: number): number[] {
  return linspace(Math.atan(highest), Math.atan(lowest), steps).map(Math.tan);
}

const AYS_LEVELS: Record<AysFamily, readonly number[]> = {
  "stable-diffusion": [
    14.6146412293, 6.4745760956, 3.8636745985, 2.694615152, 1.8841921177, 1.3943805092, 0.9642583904, 0.6523686016,
    0.3977456272, 0.1515232662, 0.0291671582,
  ],
  "stable-diffusion-xl": [
    14.6146412293, 6.3184485287, 3.7681790315, 2.1811480769, 1.3405244945, 0.8620721141, 0.5550693289, 0.3798540708,
    0.2332364134, 0.1114188177, 0.0291671582,
  ],
};

/** Levels optimised for the family at ten steps, interpolated in log sigma to others (Sabour et al. 2024, "Align Your Steps"). */
function alignYourSteps(family: AysFamily, steps: number): number[] {
  const logs = AYS_LEVELS[family].map(Math.log);
  const positions = linspace(0, logs.length - 1, steps + 1).slice(0, -1);
  return [...positions.map((position) => Math.exp(interpolate(logs, position))), 0];
}
