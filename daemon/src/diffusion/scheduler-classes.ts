// Every scheduler class of diffusers as one of our schedules and one of our samplers.
import { DiffusionError } from "../base/errors.ts";
import { brownianTree } from "../random/brownian-tree.ts";
import type { BrownianNoise } from "../random/noise-source.ts";
import type { ExtraSampler } from "./names.ts";
import { ddim } from "./samplers/ddim.ts";
import { DDPM_VARIANCES, ddpm, type DdpmVariance } from "./samplers/ddpm.ts";
import { deis } from "./samplers/deis.ts";
import { dpm2, dpm2Ancestral } from "./samplers/dpm2.ts";
import { dpmMultistep } from "./samplers/dpm-multistep.ts";
import { dpmSinglestep } from "./samplers/dpm-singlestep.ts";
import { dpmpp2sAncestral } from "./samplers/dpmpp-2s-ancestral.ts";
import { dpmpp3mSde } from "./samplers/dpmpp-3m-sde.ts";
import { dpmppSde } from "./samplers/dpmpp-sde.ts";
import { euler, NO_CHURN, type Churn } from "./samplers/euler.ts";
import { eulerAncestral } from "./samplers/euler-ancestral.ts";
import type { DpmAlgorithm } from "./samplers/exponential-step.ts";
import { flowStochastic } from "./samplers/flow-stochastic.ts";
import { heun } from "./samplers/heun.ts";
import { lcm } from "./samplers/lcm.ts";
import { clip, dynamicThreshold, unlimited, type Limit } from "./samplers/limit.ts";
import { lms } from "./samplers/lms.ts";
import { pndm } from "./samplers/pndm.ts";
import type { Sampler } from "./samplers/sampler.ts";
import { tcd } from "./samplers/tcd.ts";
import { unipc } from "./samplers/unipc.ts";
import type { Sampling, SamplingOptions } from "./sampling.ts";
import type { SchedulerClass, SchedulerConfig } from "./scheduler-config.ts";
import { discreteSchedule, distilledSchedule, pndmSchedule } from "./schedules/discrete-schedules.ts";
import { edmSchedule } from "./schedules/edm-schedule.ts";
import { explodingSchedule } from "./schedules/exploding-schedule.ts";
import { flowHeunSchedule, flowSchedule } from "./schedules/flow-schedule.ts";
import { multistepSchedule } from "./schedules/multistep-schedule.ts";
import type { SigmaSchedule } from "./schedules/sigma-schedule.ts";

export type Built = Omit<Sampling, "begin">;

export interface BuildRequest {
  readonly schedulerClass: SchedulerClass;
  readonly config: SchedulerConfig;
  readonly extra: ExtraSampler | null;
  readonly options: SamplingOptions;
}

/** The sampler of a class, with the schedule that class would set for the steps. */
export const buildSampler = (request: BuildRequest): Built =>
  request.extra ? EXTRA_SAMPLERS[request.extra](request) : CLASSES[request.schedulerClass](request);

type Build = (request: BuildRequest) => Built;

const CLASSES: Record<SchedulerClass, Build> = {
  DDPMScheduler: (r) =>
    discrete(r, ddpm(discreteSchedule(r.config, r.options, 1), varianceOf(r.config), limitOf(r.config))),
  DDIMScheduler: (r) => discrete(r, ddimOf(r)),
  PNDMScheduler: (r) => discrete(r, pndm(pndmSchedule(r.config, r.options), r.config.prediction_type)),
  LCMScheduler: (r) =>
    discrete(r, lcm(distilledSchedule(r.config, r.options), r.config.timestep_scaling, limitOf(r.config))),
  TCDScheduler: (r) => discrete(r, tcd(distilledSchedule(r.config, r.options), r.options.eta ?? 0.3)),

  LMSDiscreteScheduler: (r) => exploding(r, lms),
  EulerDiscreteScheduler: (r) => exploding(r, (schedule) => euler(schedule, churnOf(r.options))),
  EulerAncestralDiscreteScheduler: (r) => exploding(r, eulerAncestral),
  HeunDiscreteScheduler: (r) => exploding(r, (schedule) => heun(schedule, limitOf(r.config))),
  KDPM2DiscreteScheduler: (r) => exploding(r, dpm2),
  KDPM2AncestralDiscreteScheduler: (r) => exploding(r, dpm2Ancestral),
  DPMSolverSDEScheduler: (r) => exploding(r, (schedule) => dpmppSde(schedule, pathOver(schedule, r))),

  DPMSolverMultistepScheduler: (r) =>
    preserving(r, (schedule) => dpmMultistep(schedule, { ...solverOptions(r), ...dpmOptions(r) })),
  DPMSolverSinglestepScheduler: (r) =>
    preserving(r, (schedule) => dpmSinglestep(schedule, { ...solverOptions(r), ...dpmOptions(r) })),
  UniPCMultistepScheduler: (r) =>
    preserving(r, (schedule) => unipc(schedule, { ...solverOptions(r), ...unipcOptions(r) })),
  DEISMultistepScheduler: (r) => preserving(r, (schedule) => deis(schedule, solverOptions(r))),

  EDMEulerScheduler: (r) => edm(r, (schedule) => euler(schedule, churnOf(r.options))),
  EDMDPMSolverMultistepScheduler: (r) =>
    edm(r, (schedule) => dpmMultistep(schedule, { ...solverOptions(r), ...dpmOptions(r) })),

  FlowMatchEulerDiscreteScheduler: (r) =>
    flow(flowSchedule(r.config, r.options), r.config.stochastic_sampling ? flowStochastic : plainEuler),
  FlowMatchHeunDiscreteScheduler: (r) =>
    flow(flowHeunSchedule(r.config, r.options), (schedule) => heun(schedule, unlimited)),
};

const EXTRA_SAMPLERS: Record<ExtraSampler, Build> = {
  dpmpp_2s_ancestral: (r) => exploding(r, dpmpp2sAncestral),
  dpmpp_3m_sde: (r) => exploding(r, (schedule) => dpmpp3mSde(schedule, pathOver(schedule, r))),
};

type OverSchedule = (schedule: SigmaSchedule) => Sampler;

function discrete({ schedulerClass, config, options }: BuildRequest, sampler: Sampler): Built {
  if (options.scheduler !== undefined && options.scheduler !== "default")
    throw new DiffusionError(
      "unsupported",
      `scheduler ${options.scheduler} places steps by sigma, and ${schedulerClass} steps over whole timesteps; use scheduler: default, or a sampler such as euler`,
    );
  return { sampler, prediction: { type: config.prediction_type, sigmaData: null }, initNoiseSigma: 1, sigmas: [] };
}

/** Samplers whose x keeps x0 whole and grows with sigma. */
function exploding({ schedulerClass, config, options }: BuildRequest, sampler: OverSchedule): Built {
  const schedule = explodingSchedule(config, options, schedulerClass.startsWith("KDPM2"));
  const highest = Math.max(...schedule.sigmas);
  return {
    sampler: sampler(schedule),
    prediction: { type: config.prediction_type, sigmaData: null },
    initNoiseSigma: config.timestep_spacing === "leading" ? Math.hypot(highest, 1) : highest,
    sigmas: schedule.sigmas,
  };
}

/** Multistep and singlestep solvers in variance-preserving or flow space. */
function preserving({ schedulerClass, config, options }: BuildRequest, sampler: OverSchedule): Built {
  requireKnownVariance(config);
  const schedule = multistepSchedule(config, options, schedulerClass);
  return {
    sampler: sampler(schedule),
    prediction: { type: config.prediction_type, sigmaData: null },
    initNoiseSigma: 1,
    sigmas: schedule.sigmas,
  };
}

function edm({ config, options }: BuildRequest, sampler: OverSchedule): Built {
  const schedule = edmSchedule(config, options);
  return {
    sampler: sampler(schedule),
    prediction: { type: config.prediction_type, sigmaData: config.sigma_data },
    initNoiseSigma: Math.hypot(config.sigma_max!, 1),
    sigmas: schedule.sigmas,
  };
}

const flow = (schedule: SigmaSchedule, sampler: OverSchedule): Built => ({
  sampler: sampler(schedule),
  prediction: { type: "flow_prediction", sigmaData: null },
  initNoiseSigma: 1,
  sigmas: schedule.sigmas,
});

const plainEuler: OverSchedule = (schedule) => euler(schedule, NO_CHURN);

const churnOf = ({ churn = 0, churnNoise = 1 }: SamplingOptions): Churn => ({ amount: churn, noise: churnNoise });

/** The Brownian path over all positive sigmas of a run. */
function pathOver({ sigmas }: SigmaSchedule, { config, options }: BuildRequest): BrownianNoise {
  const positive = sigmas.filter((sigma) => sigma > 0);
  const seed = BigInt(config.noise_sampler_seed ?? options.seed ?? 0n);
  return options.brownian ?? brownianTree(seed, Math.min(...positive), Math.max(...positive));
}

function ddimOf({ config, options }: BuildRequest): Sampler {
  const schedule = discreteSchedule(config, options, config.set_alpha_to_one ? 1 : null);
  return ddim(schedule, {
    eta: options.eta ?? 0,
    limit: limitOf(config),
    limitedDirection: options.clippedDirection ?? false,
  });
}

const solverOptions = ({ config }: BuildRequest) => ({
  order: config.solver_order,
  lowerOrderFinal: config.lower_order_final,
  limit: limitOf(config),
});

const unipcOptions = ({ config }: BuildRequest) => ({
  solverType: config.solver_type === "bh1" ? ("bh1" as const) : ("bh2" as const),
  predictsDenoised: config.predict_x0,
  uncorrected: config.disable_corrector ?? [],
});

/** Names of other classes' algorithms and solver types stand for the usual ones, as in diffusers. */
function dpmOptions({ schedulerClass, config }: BuildRequest) {
  const algorithm = config.algorithm_type === "deis" ? "dpmsolver++" : (config.algorithm_type as DpmAlgorithm);
  if (!algorithm.endsWith("++") && config.final_sigmas_type === "zero")
    throw new DiffusionError(
      "model-invalid",
      `scheduler_config.json: algorithm_type ${algorithm} needs final_sigmas_type "sigma_min"`,
    );
  if (algorithm === "sde-dpmsolver" && (config.solver_order > 2 || schedulerClass !== "DPMSolverMultistepScheduler"))
    throw new DiffusionError(
      "model-invalid",
      "scheduler_config.json: algorithm_type sde-dpmsolver has solver_order 1 and 2, multistep only",
    );
  return {
    algorithm,
    solverType: config.solver_type === "heun" ? ("heun" as const) : ("midpoint" as const),
    eulerAtFinal: config.euler_at_final,
  };
}

function limitOf(config: SchedulerConfig): Limit {
  if (config.thresholding) return dynamicThreshold(config.dynamic_thresholding_ratio, config.sample_max_value);
  return config.clip_sample ? clip(config.clip_sample_range) : unlimited;
}

function varianceOf(config: SchedulerConfig): DdpmVariance {
  requireKnownVariance(config);
  return config.variance_type as DdpmVariance;
}

/** A learned variance doubles the network's channels, which the denoiser contract does not carry. */
function requireKnownVariance({ variance_type }: SchedulerConfig): void {
  const known: readonly string[] = DDPM_VARIANCES;
  if (variance_type && !known.includes(variance_type))
    throw new DiffusionError(
      "unsupported",
      `scheduler_config.json: variance_type ${variance_type} is not built; only ${known.join(", ")} are`,
    );
}
