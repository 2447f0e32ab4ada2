// Which training timesteps a run of few steps visits (Lin et al. 2023, table 2).
import { arange, linspace, roundHalfEven } from "./grids.ts";

export const TIMESTEP_SPACINGS = ["linspace", "leading", "trailing"] as const;

export type TimestepSpacing = (typeof TIMESTEP_SPACINGS)[number];

export interface TimestepConfig {
  readonly num_train_timesteps: number;
  readonly timestep_spacing: TimestepSpacing;
  readonly steps_offset: number;
}

/** `steps` timesteps, descending; `linspace` is not rounded. Trailing may give one more when the quotient is inexact. */
export function spacedTimesteps(config: TimestepConfig, steps: number, end = config.num_train_timesteps): number[] {
  switch (config.timestep_spacing) {
    case "linspace":
      return linspace(0, end - 1, steps).reverse();
    case "leading": {
      const ratio = Math.floor(end / steps);
      return Array.from({ length: steps }, (_, i) => (steps - 1 - i) * ratio + config.steps_offset);
    }
    case "trailing":
      return arange(end, 0, -config.num_train_timesteps / steps).map((t) => roundHalfEven(t) - 1);
  }
}

/** Whole timesteps of the multistep solvers: one more than needed is placed and the lowest dropped, except for trailing. */
export function multistepTimesteps(config: TimestepConfig, steps: number, end = config.num_train_timesteps): number[] {
  if (config.timestep_spacing === "trailing") return spacedTimesteps(config, steps, end);
  return spacedTimesteps(config, steps + 1, end)
    .map(roundHalfEven)
    .slice(0, -1);
}

/** Timesteps of distilled models: of the `originalSteps` they were distilled on, `steps` evenly from the noisy end. */
export function distilledTimesteps(trainSteps: number, originalSteps: number, steps: number): number[] {
  const stride = Math.floor(trainSteps / originalSteps);
  return Array.from({ length: steps }, (_, i) => {
    const index = Math.floor(i * (originalSteps / steps));
    return (originalSteps - index) * stride - 1;
  });
}
