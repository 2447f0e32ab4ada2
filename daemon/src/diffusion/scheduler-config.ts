// The keys of diffusers' scheduler_config.json: what each may hold, and what each scheduler class takes where it is absent.
import { DiffusionError } from "../base/errors.ts";
import { PREDICTION_TYPES, type PredictionType } from "./denoiser.ts";
import { DDPM_VARIANCES } from "./samplers/ddpm.ts";
import { DPM_ALGORITHMS, DPM_SOLVER_TYPES } from "./samplers/exponential-step.ts";
import { UNIPC_SOLVER_TYPES } from "./samplers/unipc.ts";
import { BETA_SCHEDULES, type BetaConfig } from "./schedules/betas.ts";
import { TIME_SHIFT_TYPES } from "./schedules/flow.ts";
import { TIMESTEP_SPACINGS, type TimestepConfig } from "./schedules/timesteps.ts";

/** Every key that any class reads, with its type. A class reads those among its defaults. */
export interface SchedulerConfig extends BetaConfig, TimestepConfig {
  readonly prediction_type: PredictionType;
  readonly clip_sample: boolean;
  readonly clip_sample_range: number;
  readonly thresholding: boolean;
  readonly dynamic_thresholding_ratio: number;
  readonly sample_max_value: number;
  readonly set_alpha_to_one: boolean;
  readonly skip_prk_steps: boolean;
  readonly variance_type: string | null;
  readonly use_karras_sigmas: boolean;
  readonly use_exponential_sigmas: boolean;
  readonly use_beta_sigmas: boolean;
  readonly use_lu_lambdas: boolean;
  readonly use_flow_sigmas: boolean;
  readonly flow_shift: number;
  readonly interpolation_type: string;
  readonly timestep_type: string;
  readonly final_sigmas_type: string;
  readonly sigma_min: number | null;
  readonly sigma_max: number | null;
  readonly sigma_data: number;
  readonly sigma_schedule: string;
  readonly rho: number;
  readonly solver_order: number;
  readonly solver_type: string;
  readonly algorithm_type: string;
  readonly lower_order_final: boolean;
  readonly euler_at_final: boolean;
  readonly lambda_min_clipped: number;
  readonly predict_x0: boolean;
  readonly disable_corrector: readonly number[] | null;
  readonly noise_sampler_seed: number | null;
  readonly original_inference_steps: number;
  readonly timestep_scaling: number;
  readonly shift: number;
  readonly shift_terminal: number | null;
  readonly use_dynamic_shifting: boolean;
  readonly time_shift_type: (typeof TIME_SHIFT_TYPES)[number];
  readonly stochastic_sampling: boolean;
  readonly invert_sigmas: boolean;
  readonly solver_p: null;
  // Read by pipelines to compute mu, not by the schedule itself.
  readonly base_shift: number;
  readonly max_shift: number;
  readonly base_image_seq_len: number;
  readonly max_image_seq_len: number;
}

type Defaults = Partial<SchedulerConfig>;

const betas = (beta_start: number, beta_end: number, beta_schedule: BetaConfig["beta_schedule"]): Defaults => ({
  num_train_timesteps: 1000,
  beta_start,
  beta_end,
  beta_schedule,
  trained_betas: null,
  prediction_type: "epsilon",
  steps_offset: 0,
});
const linear = betas(0.0001, 0.02, "linear");
const latent = betas(0.00085, 0.012, "linear");
const limits: Defaults = { thresholding: false, dynamic_thresholding_ratio: 0.995, sample_max_value: 1 };
const clipping: Defaults = { clip_sample_range: 1 };
const conversions: Defaults = { use_karras_sigmas: false, use_exponential_sigmas: false, use_beta_sigmas: false };
const flow: Defaults = {
  use_flow_sigmas: false,
  flow_shift: 1,
  use_dynamic_shifting: false,
  time_shift_type: "exponential",
};
const linspaced: Defaults = { timestep_spacing: "linspace" };
const leading: Defaults = { timestep_spacing: "leading" };
const zeroSnr: Defaults = { rescale_betas_zero_snr: false };

const edm: Defaults = {
  num_train_timesteps: 1000,
  sigma_min: 0.002,
  sigma_max: 80,
  sigma_data: 0.5,
  sigma_schedule: "karras",
  prediction_type: "epsilon",
  rho: 7,
  final_sigmas_type: "zero",
};

const distilled: Defaults = {
  ...betas(0.00085, 0.012, "scaled_linear"),
  ...limits,
  ...clipping,
  ...leading,
  ...zeroSnr,
  clip_sample: false,
  set_alpha_to_one: true,
  original_inference_steps: 50,
  timestep_scaling: 10,
};

const dpm: Defaults = {
  ...limits,
  solver_order: 2,
  algorithm_type: "dpmsolver++",
  solver_type: "midpoint",
  final_sigmas_type: "zero",
};

/** The arguments and defaults of each scheduler class of diffusers 0.42. */
export const CLASS_DEFAULTS = {
  DDPMScheduler: {
    ...linear,
    ...limits,
    ...clipping,
    ...leading,
    ...zeroSnr,
    clip_sample: true,
    variance_type: "fixed_small",
  },
  DDIMScheduler: {
    ...linear,
    ...limits,
    ...clipping,
    ...leading,
    ...zeroSnr,
    clip_sample: true,
    set_alpha_to_one: true,
  },
  PNDMScheduler: { ...linear, ...leading, skip_prk_steps: false, set_alpha_to_one: false },
  LMSDiscreteScheduler: { ...linear, ...conversions, ...linspaced },
  EulerDiscreteScheduler: {
    ...linear,
    ...conversions,
    ...linspaced,
    ...zeroSnr,
    interpolation_type: "linear",
    timestep_type: "discrete",
    final_sigmas_type: "zero",
    sigma_min: null,
    sigma_max: null,
  },
  EulerAncestralDiscreteScheduler: { ...linear, ...linspaced, ...zeroSnr },
  HeunDiscreteScheduler: { ...latent, ...conversions, ...clipping, ...linspaced, clip_sample: false },
  KDPM2DiscreteScheduler: { ...latent, ...conversions, ...linspaced },
  KDPM2AncestralDiscreteScheduler: { ...latent, ...conversions, ...linspaced },
  DPMSolverSDEScheduler: { ...latent, ...conversions, ...linspaced, noise_sampler_seed: null },
  DPMSolverMultistepScheduler: {
    ...linear,
    ...dpm,
    ...conversions,
    ...flow,
    ...linspaced,
    ...zeroSnr,
    lower_order_final: true,
    euler_at_final: false,
    use_lu_lambdas: false,
    lambda_min_clipped: -Infinity,
    variance_type: null,
  },
  DPMSolverSinglestepScheduler: {
    ...linear,
    ...dpm,
    ...conversions,
    ...flow,
    lower_order_final: false,
    lambda_min_clipped: -Infinity,
    variance_type: null,
  },
  UniPCMultistepScheduler: {
    ...linear,
    ...limits,
    ...conversions,
    ...flow,
    ...linspaced,
    ...zeroSnr,
    solver_order: 2,
    solver_type: "bh2",
    predict_x0: true,
    lower_order_final: true,
    disable_corrector: null,
    solver_p: null,
    final_sigmas_type: "zero",
    sigma_min: null,
    sigma_max: null,
    shift_terminal: null,
  },
  DEISMultistepScheduler: {
    ...linear,
    ...limits,
    ...conversions,
    ...flow,
    ...linspaced,
    solver_order: 2,
    algorithm_type: "deis",
    solver_type: "logrho",
    lower_order_final: true,
  },
  LCMScheduler: distilled,
  TCDScheduler: distilled,
  EDMEulerScheduler: edm,
  EDMDPMSolverMultistepScheduler: { ...edm, ...dpm, lower_order_final: true, euler_at_final: false },
  FlowMatchEulerDiscreteScheduler: {
    ...conversions,
    num_train_timesteps: 1000,
    shift: 1,
    use_dynamic_shifting: false,
    base_shift: 0.5,
    max_shift: 1.15,
    base_image_seq_len: 256,
    max_image_seq_len: 4096,
    invert_sigmas: false,
    shift_terminal: null,
    time_shift_type: "exponential",
    stochastic_sampling: false,
  },
  FlowMatchHeunDiscreteScheduler: { num_train_timesteps: 1000, shift: 1 },
} as const satisfies Record<string, Defaults>;

export type SchedulerClass = keyof typeof CLASS_DEFAULTS;

/** Allowed words of keys that hold words. Solver and algorithm names of other classes are mapped, as diffusers maps them. */
const WORDS: Partial<Record<keyof SchedulerConfig, readonly string[]>> = {
  beta_schedule: BETA_SCHEDULES,
  prediction_type: PREDICTION_TYPES,
  timestep_spacing: TIMESTEP_SPACINGS,
  variance_type: [...DDPM_VARIANCES, "fixed_large_log", "learned", "learned_range"],
  interpolation_type: ["linear", "log_linear"],
  timestep_type: ["discrete", "continuous"],
  final_sigmas_type: ["zero", "sigma_min"],
  sigma_schedule: ["karras", "exponential"],
  solver_type: [...DPM_SOLVER_TYPES, ...UNIPC_SOLVER_TYPES, "logrho"],
  algorithm_type: [...DPM_ALGORITHMS, "deis"],
  time_shift_type: TIME_SHIFT_TYPES,
};

const LISTS: readonly string[] = ["trained_betas", "disable_corrector"];

/** Numbers that may be absent: their defaults are null in some class. */
const NUMBERS: readonly string[] = ["sigma_min", "sigma_max", "noise_sampler_seed", "shift_terminal"];

/** Keys of old configurations that say nothing about the mathematics. */
const INFORMATIONAL: readonly string[] = ["tensor_format"];

/** A default of each key, over all classes: tells the key's type. */
const KNOWN: Readonly<Record<string, unknown>> = Object.assign({}, ...Object.values(CLASS_DEFAULTS)) as Record<
  string,
  unknown
>;

/**
 * The class and the keys that a scheduler_config.json sets, checked; null values and keys with an underscore are left out.
 * @throws DiffusionError "model-invalid" naming the key
 */
export function readSchedulerConfig(json: Readonly<Record<string, unknown>>): {
  schedulerClass: SchedulerClass;
  given: Defaults;
} {
  const name = String(json._class_name);
  if (!Object.hasOwn(CLASS_DEFAULTS, name))
    throw new DiffusionError(
      "model-invalid",
      `scheduler_config.json: _class_name ${name} is not a scheduler this version knows`,
    );
  const entries = Object.entries(json).filter(
    ([key, value]) => !key.startsWith("_") && value !== null && !INFORMATIONAL.includes(key),
  );
  for (const [key, value] of entries) check(key, value);
  return { schedulerClass: name as SchedulerClass, given: Object.fromEntries(entries) };
}

/** The configuration of a class: what is given among the keys it reads, its defaults for the rest (`from_config`). */
export function configOf(schedulerClass: SchedulerClass, given: Defaults): SchedulerConfig {
  const defaults: Defaults = CLASS_DEFAULTS[schedulerClass];
  const used = Object.entries(given).filter(([key]) => Object.hasOwn(defaults, key));
  return { ...defaults, ...Object.fromEntries(used) } as SchedulerConfig;
}

function check(key: string, value: unknown): void {
  const complain = (expected: string): never => {
    throw new DiffusionError(
      "model-invalid",
      `scheduler_config.json: ${key} is ${JSON.stringify(value)}, expected ${expected}`,
    );
  };
  if (!Object.hasOwn(KNOWN, key))
    throw new DiffusionError(
      "model-invalid",
      `scheduler_config.json: ${key} is not a key this version knows; it may change the picture`,
    );
  const words = WORDS[key as keyof SchedulerConfig];
  if (words) {
    if (!words.includes(value as string)) complain(`one of ${words.join(", ")}`);
  } else if (LISTS.includes(key)) {
    if (!Array.isArray(value) || !value.every(Number.isFinite)) complain("a list of numbers");
  } else if (typeof KNOWN[key] === "boolean") {
    if (typeof value !== "boolean") complain("true or false");
  } else if (typeof KNOWN[key] === "number" || NUMBERS.includes(key)) {
    if (typeof value !== "number" || Number.isNaN(value)) complain("a number");
  } else complain("null");
}
