// From a model's scheduler_config.json and the words of a .diffusion file to a sampler that is ready to run.
import { DiffusionError } from "../base/errors.ts";
import { EDM_CLASSES, FLOW_CLASSES, SAMPLER_CLASSES, type ExtraSampler, type SamplerName } from "./names.ts";
import type { Sampling, SamplingOptions } from "./sampling.ts";
import { buildSampler, type Built } from "./scheduler-classes.ts";
import { configOf, readSchedulerConfig, type SchedulerClass, type SchedulerConfig } from "./scheduler-config.ts";

export type { Sampling, SamplingOptions } from "./sampling.ts";

/**
 * Makes a run ready. `json` is the parsed scheduler_config.json.
 * @throws DiffusionError "model-invalid" for a configuration that cannot be followed, "unsupported" for a sampler or schedule that
 * this model cannot take, "document" for steps, strength or eta out of range
 */
export function samplingFromConfig(json: Readonly<Record<string, unknown>>, options: SamplingOptions): Sampling {
  requireInRange(options);
  const { schedulerClass, config, extra } = resolve(json, options.sampler);
  const built = buildSampler({ schedulerClass, config, extra, options });
  return { ...built, begin: beginOf(options, built) };
}

interface Resolved {
  readonly schedulerClass: SchedulerClass;
  readonly config: SchedulerConfig;
  readonly extra: ExtraSampler | null;
}

/** The class and configuration that a sampler name means on a model; without a name, the model's own. */
function resolve(json: Readonly<Record<string, unknown>>, sampler: SamplerName | undefined): Resolved {
  const { schedulerClass: own, given } = readSchedulerConfig(json);
  if (sampler === undefined) return { schedulerClass: own, config: configOf(own, given), extra: null };

  const isFlow = own.startsWith("FlowMatch") || given.use_flow_sigmas === true;
  const classes = isFlow ? FLOW_CLASSES : own.startsWith("EDM") ? EDM_CLASSES : SAMPLER_CLASSES;
  const schedulerClass = classes[sampler];
  if (!schedulerClass)
    throw new DiffusionError(
      "unsupported",
      `sampler ${sampler} cannot run this model; use ${Object.keys(classes).join(", ")}`,
    );
  const adapted = { ...given, ...(isFlow ? flowKeys(given) : {}), ...algorithmKeys(sampler) };
  const extra = sampler === "dpmpp_2s_ancestral" || sampler === "dpmpp_3m_sde" ? sampler : null;
  return { schedulerClass, config: configOf(schedulerClass, adapted), extra };
}

/** The two spellings of a flow model: its own classes say `shift`, the multistep solvers `use_flow_sigmas` and `flow_shift`. */
function flowKeys(given: Partial<SchedulerConfig>): Partial<SchedulerConfig> {
  const shift = given.shift ?? given.flow_shift ?? 1;
  return { use_flow_sigmas: true, flow_shift: shift, shift, prediction_type: "flow_prediction" };
}

/** What sets two samplers of one class apart. */
function algorithmKeys(sampler: SamplerName): Partial<SchedulerConfig> {
  if (sampler === "dpmpp_2m") return { algorithm_type: "dpmsolver++" };
  if (sampler === "dpmpp_2m_sde") return { algorithm_type: "sde-dpmsolver++" };
  return {};
}

/** diffusers' `get_timesteps`: the last int(steps · strength) steps are run. */
function beginOf({ steps, strength = 1 }: SamplingOptions, built: Built): number {
  const begin = steps - Math.min(Math.trunc(steps * strength), steps);
  if (begin < steps && begin < built.sampler.levels.length) return begin;
  throw new DiffusionError(
    "document",
    `strength ${strength} of ${steps} steps leaves no step to run; raise strength or steps`,
  );
}

function requireInRange({ steps, strength = 1, eta = 0 }: SamplingOptions): void {
  if (!Number.isInteger(steps) || steps < 1)
    throw new DiffusionError("document", `steps is ${steps}, expected a whole number from 1`);
  if (!(strength >= 0 && strength <= 1))
    throw new DiffusionError("document", `strength is ${strength}, expected 0 to 1`);
  if (!(eta >= 0 && eta <= 1)) throw new DiffusionError("document", `eta is ${eta}, expected 0 to 1`);
}
