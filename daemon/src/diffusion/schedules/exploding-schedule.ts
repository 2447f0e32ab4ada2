// The schedule of the samplers of Euler's family in diffusers: sigmas at spaced timesteps, or converted between their ends.
import type { SamplingOptions } from "../sampling.ts";
import type { SchedulerConfig } from "../scheduler-config.ts";
import { alphasCumprod } from "./betas.ts";
import { comfyuiSigmas } from "./comfyui.ts";
import { conversionOf, convertedSigmas, isComfyui } from "./conversion.ts";
import { noiseTable, type NoiseTable } from "./noise-table.ts";
import { sigmaSchedule, type SigmaSchedule } from "./sigma-schedule.ts";
import { exponentialSigmas } from "./sigmas.ts";
import { spacedTimesteps } from "./timesteps.ts";

/** @param wholeKarras whether timesteps of Karras sigmas are rounded */
export function explodingSchedule(
  config: SchedulerConfig,
  options: SamplingOptions,
  wholeKarras: boolean,
): SigmaSchedule {
  const table = noiseTable(finiteAlphaBars(config));
  const { sigmas, timesteps } = placed(config, options, table, wholeKarras);
  const last = config.final_sigmas_type === "sigma_min" ? table.sigmas[0]! : 0;
  const continuous = config.timestep_type === "continuous" && config.prediction_type === "v_prediction";
  const timestepOf = continuous ? (sigma: number): number => 0.25 * Math.log(Math.fround(sigma)) : table.timestepOf;
  const told = continuous ? sigmas.slice(0, timesteps.length).map(timestepOf) : timesteps;
  return sigmaSchedule("variance-exploding", [...sigmas, last], told, timestepOf);
}

/** alpha-bars with a last one of 2^-24 where zero terminal SNR would make its sigma infinite. */
export function finiteAlphaBars(config: SchedulerConfig): Float32Array {
  const bars = alphasCumprod(config);
  if (config.rescale_betas_zero_snr) bars[bars.length - 1] = 2 ** -24;
  return bars;
}

interface Placed {
  /** Without the final level. */
  readonly sigmas: number[];
  readonly timesteps: number[];
}

function placed(config: SchedulerConfig, options: SamplingOptions, table: NoiseTable, wholeKarras: boolean): Placed {
  const conversion = conversionOf(config, options.scheduler);
  const backed = (sigmas: number[]): Placed => ({ sigmas, timesteps: sigmas.map(table.timestepOf) });
  if (isComfyui(conversion)) {
    return backed(
      comfyuiSigmas(conversion, table, options.steps, options.aysFamily ?? "stable-diffusion").slice(0, -1),
    );
  }
  const timesteps = spacedTimesteps(config, options.steps).map(Math.fround);
  const spaced =
    config.interpolation_type === "log_linear" ? logLinear(table, options.steps) : timesteps.map(table.sigmaAt);
  if (conversion === "default") return { sigmas: spaced, timesteps };

  const [highest, lowest] = [config.sigma_max ?? spaced[0]!, config.sigma_min ?? spaced.at(-1)!];
  const converted = backed(convertedSigmas(conversion, highest, lowest, options.steps));
  return conversion === "karras" && wholeKarras
    ? { ...converted, timesteps: converted.timesteps.map(Math.round) }
    : converted;
}

/** One sigma more than timesteps, as diffusers makes them: the run ends above 0. */
const logLinear = (table: NoiseTable, steps: number): number[] =>
  exponentialSigmas(table.sigmas.at(-1)!, table.sigmas[0]!, steps + 1);
