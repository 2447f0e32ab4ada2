// The schedule of the multistep solvers in diffusers (DPM-Solver, UniPC, DEIS): whole timesteps, sigmas over the whole table, or
// flow sigmas.
import { DiffusionError } from "../../base/errors.ts";
import type { SamplingOptions } from "../sampling.ts";
import type { SchedulerClass, SchedulerConfig } from "../scheduler-config.ts";
import { comfyuiSigmas } from "./comfyui.ts";
import { conversionOf, convertedSigmas, isComfyui, type Conversion } from "./conversion.ts";
import { finiteAlphaBars } from "./exploding-schedule.ts";
import { multistepFlowSigmas, shiftFactor, stretchToTerminal } from "./flow.ts";
import { linspace, roundHalfEven } from "./grids.ts";
import { flowTable, noiseTable, shiftSigma, type NoiseTable } from "./noise-table.ts";
import { sigmaSchedule, type SigmaSchedule } from "./sigma-schedule.ts";
import { multistepTimesteps } from "./timesteps.ts";

export function multistepSchedule(
  config: SchedulerConfig,
  options: SamplingOptions,
  schedulerClass: SchedulerClass,
): SigmaSchedule {
  const alphaBars = finiteAlphaBars(config);
  const table = noiseTable(alphaBars);
  const conversion = conversionOf(config, options.scheduler);
  if (config.use_flow_sigmas) return overFlow(config, options, schedulerClass, conversion, table);

  const { sigmas, timesteps } = placed(config, options, schedulerClass, conversion, table, alphaBars);
  const placesByTable = conversion === "default" || isComfyui(conversion);
  const last = finalSigma(config, schedulerClass, placesByTable ? table.sigmas[0]! : sigmas.at(-1)!, table);
  return sigmaSchedule("variance-preserving", [...sigmas, last], timesteps.map(Math.trunc), table.timestepOf);
}

/** The level of the result. UniPC and DEIS end at the lowest sigma of the run, DPM-Solver at that of the table. */
function finalSigma(
  config: SchedulerConfig,
  schedulerClass: SchedulerClass,
  lowest: number,
  table: NoiseTable,
): number {
  if (schedulerClass === "DEISMultistepScheduler") return lowest;
  if (config.final_sigmas_type === "zero") return 0;
  return schedulerClass === "UniPCMultistepScheduler" ? lowest : table.sigmas[0]!;
}

interface Placed {
  readonly sigmas: number[];
  readonly timesteps: number[];
}

function placed(
  config: SchedulerConfig,
  options: SamplingOptions,
  schedulerClass: SchedulerClass,
  conversion: Conversion,
  table: NoiseTable,
  alphaBars: Float32Array,
): Placed {
  const { steps } = options;
  if (conversion === "default") {
    // The singlestep class knows one spacing.
    const single = schedulerClass === "DPMSolverSinglestepScheduler";
    const spacing = single ? { ...config, timestep_spacing: "linspace" as const } : config;
    const timesteps = multistepTimesteps(spacing, steps, config.num_train_timesteps - clippedCount(config, alphaBars));
    return { sigmas: timesteps.map(table.sigmaAt), timesteps };
  }
  if (isComfyui(conversion)) {
    const sigmas = comfyuiSigmas(conversion, table, steps, options.aysFamily ?? "stable-diffusion").slice(0, -1);
    return { sigmas, timesteps: sigmas.map((sigma) => Math.round(table.timestepOf(sigma))) };
  }
  const highest = config.sigma_max ?? table.sigmas.at(-1)!;
  const lowest = config.sigma_min ?? table.sigmas[0]!;
  const sigmas = convertedSigmas(conversion, highest, lowest, steps);
  const cosine = schedulerClass === "DPMSolverMultistepScheduler" && config.beta_schedule === "squaredcos_cap_v2";
  const whole = (conversion === "karras" || conversion === "lu") && !cosine;
  const timesteps = sigmas.map(table.timestepOf);
  return { sigmas, timesteps: whole ? timesteps.map(roundHalfEven) : timesteps };
}

/** How many of the noisiest timesteps have a log-SNR below the configured least one. */
function clippedCount({ lambda_min_clipped }: SchedulerConfig, alphaBars: Float32Array): number {
  const lambda = (bar: number): number => Math.log(Math.sqrt(bar)) - Math.log(Math.sqrt(1 - bar));
  return alphaBars.filter((bar) => lambda(bar) < lambda_min_clipped).length;
}

function overFlow(
  config: SchedulerConfig,
  options: SamplingOptions,
  schedulerClass: SchedulerClass,
  conversion: Conversion,
  table: NoiseTable,
): SigmaSchedule {
  const train = config.num_train_timesteps;
  const sigmas = flowSigmas(config, options, schedulerClass, conversion, table);
  const last = finalSigma(config, schedulerClass, sigmas.at(-1)!, table);
  const timesteps = sigmas.map((sigma) => Math.trunc(sigma * train));
  return sigmaSchedule("flow", [...sigmas, last], timesteps, (sigma) => sigma * train);
}

function flowSigmas(
  config: SchedulerConfig,
  options: SamplingOptions,
  schedulerClass: SchedulerClass,
  conversion: Conversion,
  table: NoiseTable,
): number[] {
  const { steps } = options;
  const train = config.num_train_timesteps;
  const shift = shiftFactor(config, config.flow_shift, options.mu);
  if (isComfyui(conversion))
    return comfyuiSigmas(conversion, flowTable(train, shift), steps, "stable-diffusion").slice(0, -1);
  if (conversion === "karras")
    return convertedSigmas(
      conversion,
      config.sigma_max ?? table.sigmas.at(-1)!,
      config.sigma_min ?? table.sigmas[0]!,
      steps,
    ).map((sigma) => sigma / (sigma + 1));
  if (conversion !== "default")
    throw new DiffusionError(
      "unsupported",
      `scheduler ${conversion} is not defined for this sampler on a flow model; use karras or simple`,
    );
  if (schedulerClass !== "UniPCMultistepScheduler") return multistepFlowSigmas(train, shift, steps);

  const shifted = linspace(1, 1 / train, steps + 1)
    .slice(0, -1)
    .map((sigma) => shiftSigma(sigma, shift));
  const sigmas = config.shift_terminal ? stretchToTerminal(shifted, config.shift_terminal) : shifted;
  // At sigma 1 the log-SNR is infinite.
  return sigmas.map((sigma, i) => (i === 0 && Math.abs(sigma - 1) < 1e-6 ? sigma - 1e-6 : sigma));
}
