// Which rule places the sigmas of a run: the user's word, or the configuration's flags.
import { DiffusionError } from "../../base/errors.ts";
import type { SchedulerName } from "../names.ts";
import type { SchedulerConfig } from "../scheduler-config.ts";
import { COMFYUI_SCHEDULES, type ComfyuiSchedule } from "./comfyui.ts";
import { betaSigmas, exponentialSigmas, karrasSigmas } from "./sigmas.ts";

/** `lu` is DPM-Solver's own uniform log-SNR, which only configurations ask for. */
export type Conversion = SchedulerName | "lu";

export function conversionOf(config: SchedulerConfig, scheduler: SchedulerName | undefined): Conversion {
  if (scheduler !== undefined && scheduler !== "default") return scheduler;
  const flags = {
    karras: config.use_karras_sigmas,
    exponential: config.use_exponential_sigmas,
    beta: config.use_beta_sigmas,
  } as const;
  const [first, second] = (["karras", "exponential", "beta"] as const).filter((name) => flags[name]);
  if (second)
    throw new DiffusionError(
      "model-invalid",
      `scheduler_config.json: use_${first!}_sigmas and use_${second}_sigmas are both true`,
    );
  return first ?? (config.use_lu_lambdas ? "lu" : "default");
}

export const isComfyui = (conversion: Conversion): conversion is ComfyuiSchedule =>
  (COMFYUI_SCHEDULES as readonly string[]).includes(conversion);

/** Sigmas between two ends by a rule that needs nothing but them. */
export function convertedSigmas(
  conversion: "karras" | "exponential" | "beta" | "lu",
  highest: number,
  lowest: number,
  steps: number,
): number[] {
  switch (conversion) {
    case "karras":
      return karrasSigmas(highest, lowest, steps);
    case "beta":
      return betaSigmas(highest, lowest, steps);
    case "exponential":
    case "lu":
      return exponentialSigmas(highest, lowest, steps);
  }
}
