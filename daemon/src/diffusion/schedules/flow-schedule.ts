// The schedules of flow-matching models in diffusers (FlowMatchEulerDiscreteScheduler, FlowMatchHeunDiscreteScheduler).
import { DiffusionError } from "../../base/errors.ts";
import type { SamplingOptions } from "../sampling.ts";
import type { SchedulerConfig } from "../scheduler-config.ts";
import { comfyuiSigmas } from "./comfyui.ts";
import { conversionOf, convertedSigmas, isComfyui } from "./conversion.ts";
import { shiftFactor, stretchToTerminal } from "./flow.ts";
import { linspace } from "./grids.ts";
import { flowTable, shiftSigma } from "./noise-table.ts";
import { sigmaSchedule, type SigmaSchedule } from "./sigma-schedule.ts";

export function flowSchedule(config: SchedulerConfig, options: SamplingOptions): SigmaSchedule {
  if (config.invert_sigmas)
    throw new DiffusionError("unsupported", "scheduler_config.json: invert_sigmas true is not built");
  const shift = shiftFactor(config, config.shift, options.mu);
  // diffusers shifts the least sigma when it is constructed, and the whole grid again when steps are set; mu comes only once.
  const least = config.use_dynamic_shifting ? 1 / config.num_train_timesteps : leastSigma(config);
  const grid = linspace(1, least, options.steps).map((sigma) => shiftSigma(sigma, shift));
  const sigmas = config.shift_terminal ? stretchToTerminal(grid, config.shift_terminal) : grid;
  return scheduleOver(config, converted(sigmas, shift, config, options));
}

export function flowHeunSchedule(config: SchedulerConfig, options: SamplingOptions): SigmaSchedule {
  const grid = linspace(1, leastSigma(config), options.steps).map((sigma) => shiftSigma(sigma, config.shift));
  return scheduleOver(config, converted(grid, config.shift, config, options));
}

const leastSigma = ({ num_train_timesteps, shift }: SchedulerConfig): number =>
  Math.fround(shiftSigma(1 / num_train_timesteps, shift));

function converted(sigmas: number[], shift: number, config: SchedulerConfig, options: SamplingOptions): number[] {
  const conversion = conversionOf(config, options.scheduler);
  if (conversion === "default") return sigmas;
  if (isComfyui(conversion))
    return comfyuiSigmas(
      conversion,
      flowTable(config.num_train_timesteps, shift),
      options.steps,
      "stable-diffusion",
    ).slice(0, -1);
  return convertedSigmas(conversion, sigmas[0]!, sigmas.at(-1)!, options.steps);
}

function scheduleOver({ num_train_timesteps }: SchedulerConfig, sigmas: number[]): SigmaSchedule {
  const timestepOf = (sigma: number): number => Math.fround(sigma) * num_train_timesteps;
  return sigmaSchedule("flow", [...sigmas, 0], sigmas.map(timestepOf), timestepOf);
}
