// The schedule of EDM models (Karras et al. 2022): sigmas between fixed ends; the network is told log(sigma) / 4.
import { DiffusionError } from "../../base/errors.ts";
import type { SamplingOptions } from "../sampling.ts";
import type { SchedulerConfig } from "../scheduler-config.ts";
import { isComfyui } from "./conversion.ts";
import { sigmaSchedule, type SigmaSchedule } from "./sigma-schedule.ts";
import { betaSigmas, exponentialSigmas, karrasSigmas } from "./sigmas.ts";

export function edmSchedule(config: SchedulerConfig, { steps, scheduler = "default" }: SamplingOptions): SigmaSchedule {
  if (isComfyui(scheduler))
    throw new DiffusionError(
      "unsupported",
      `scheduler ${scheduler} is not defined for EDM models; use karras, exponential or beta`,
    );
  const [highest, lowest] = [config.sigma_max!, config.sigma_min!];
  const rule = scheduler === "default" ? config.sigma_schedule : scheduler;
  const sigmas =
    rule === "beta"
      ? betaSigmas(highest, lowest, steps)
      : rule === "exponential"
        ? exponentialSigmas(highest, lowest, steps)
        : karrasSigmas(highest, lowest, steps, config.rho);
  const timestepOf = (sigma: number): number => 0.25 * Math.log(Math.fround(sigma));
  const last = config.final_sigmas_type === "sigma_min" ? lowest : 0;
  return sigmaSchedule("variance-exploding", [...sigmas, last], sigmas.map(timestepOf), timestepOf);
}
