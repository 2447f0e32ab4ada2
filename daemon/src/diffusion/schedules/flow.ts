// Sigmas of flow-matching models: linear in time, shifted towards noise, optionally stretched to a terminal level.
import { DiffusionError } from "../../base/errors.ts";
import { linspace } from "./grids.ts";
import { shiftSigma } from "./noise-table.ts";

export const TIME_SHIFT_TYPES = ["exponential", "linear"] as const;

export interface DynamicShiftConfig {
  readonly use_dynamic_shifting: boolean;
  readonly time_shift_type: (typeof TIME_SHIFT_TYPES)[number];
}

/**
 * The shift of a run: the model's fixed one, or exp(mu) or mu where it follows the size of the picture.
 * @throws DiffusionError "internal" when the pipeline gave no mu to a model that shifts by size
 */
export function shiftFactor(config: DynamicShiftConfig, fixed: number, mu: number | undefined): number {
  if (!config.use_dynamic_shifting) return fixed;
  if (mu === undefined) throw new DiffusionError("internal", "a model with use_dynamic_shifting needs mu");
  return config.time_shift_type === "linear" ? mu : Math.exp(mu);
}

/** Sigmas stretched so that the last becomes `terminal` (LTX-Video). */
export function stretchToTerminal(sigmas: readonly number[], terminal: number): number[] {
  const factor = (1 - sigmas.at(-1)!) / (1 - terminal);
  return sigmas.map((sigma) => 1 - (1 - sigma) / factor);
}

/** Sigmas of the multistep solvers on flow models, without the final level: from shift(1 - 1/T) down. */
export function multistepFlowSigmas(trainSteps: number, shift: number, steps: number): number[] {
  return linspace(1, 1 / trainSteps, steps + 1)
    .map((alpha) => shiftSigma(1 - alpha, shift))
    .reverse()
    .slice(0, -1);
}
