// The schedules of samplers over whole training timesteps in diffusers (DDPM, DDIM, PNDM, LCM, TCD).
import { DiffusionError } from "../../base/errors.ts";
import type { PndmSchedule } from "../samplers/pndm.ts";
import type { SamplingOptions } from "../sampling.ts";
import type { SchedulerConfig } from "../scheduler-config.ts";
import { alphasCumprod } from "./betas.ts";
import { roundHalfEven } from "./grids.ts";
import { timestepSchedule, type TimestepSchedule } from "./timestep-schedule.ts";
import { distilledTimesteps, spacedTimesteps } from "./timesteps.ts";

/** @param finalBar alpha-bar of the result; null takes that of timestep 0 */
export function discreteSchedule(
  config: SchedulerConfig,
  { steps }: SamplingOptions,
  finalBar: number | null,
): TimestepSchedule {
  requireAtMost(steps, config.num_train_timesteps);
  return over(config, finalBar, spacedTimesteps(config, steps).map(roundHalfEven), steps);
}

/** The second timestep is visited twice, unless the run begins with Runge–Kutta steps. */
export function pndmSchedule(config: SchedulerConfig, { steps }: SamplingOptions): PndmSchedule {
  requireAtMost(steps, config.num_train_timesteps);
  const rungeKutta = !config.skip_prk_steps;
  if (rungeKutta && steps < 4)
    throw new DiffusionError(
      "document",
      `steps is ${steps}; this model's pndm begins with Runge–Kutta and needs at least 4`,
    );
  const once = spacedTimesteps(config, steps).map(roundHalfEven);
  const timesteps = rungeKutta ? once : [...once.slice(0, 2), ...once.slice(1)];
  return { ...over(config, config.set_alpha_to_one ? 1 : null, timesteps, steps), rungeKutta };
}

export function distilledSchedule(config: SchedulerConfig, { steps }: SamplingOptions): TimestepSchedule {
  requireAtMost(steps, config.original_inference_steps);
  const timesteps = distilledTimesteps(config.num_train_timesteps, config.original_inference_steps, steps);
  return over(config, config.set_alpha_to_one ? 1 : null, timesteps, steps);
}

function over(config: SchedulerConfig, finalBar: number | null, timesteps: number[], steps: number): TimestepSchedule {
  const bars = alphasCumprod(config);
  return timestepSchedule(bars, finalBar ?? bars[0]!, timesteps, Math.floor(config.num_train_timesteps / steps));
}

function requireAtMost(steps: number, most: number): void {
  if (steps > most)
    throw new DiffusionError("document", `steps is ${steps}, but this model's sampler takes at most ${most}`);
}
