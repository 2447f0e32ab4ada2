// The closed lists of sampler and schedule names in .diffusion files, and the scheduler classes that samplers stand for.
import type { SchedulerClass } from "./scheduler-config.ts";
import { COMFYUI_SCHEDULES } from "./schedules/comfyui.ts";

export const SAMPLERS = [
  "euler",
  "euler_ancestral",
  "heun",
  "dpm2",
  "dpm2_ancestral",
  "lms",
  "dpmpp_2m",
  "dpmpp_2m_sde",
  "dpmpp_sde",
  "dpmpp_2s_ancestral",
  "dpmpp_3m_sde",
  "ddim",
  "ddpm",
  "pndm",
  "unipc",
  "deis",
  "lcm",
  "tcd",
] as const;

export type SamplerName = (typeof SAMPLERS)[number];

/** `default` is what the model's scheduler_config.json says. */
export const SCHEDULERS = ["default", "karras", "exponential", "beta", ...COMFYUI_SCHEDULES] as const;

export type SchedulerName = (typeof SCHEDULERS)[number];

/** Samplers that diffusers has no class for; they take Euler's schedule. */
export type ExtraSampler = "dpmpp_2s_ancestral" | "dpmpp_3m_sde";

/** The class that a sampler name means on a model of the usual kind. */
export const SAMPLER_CLASSES: Record<SamplerName, SchedulerClass> = {
  euler: "EulerDiscreteScheduler",
  euler_ancestral: "EulerAncestralDiscreteScheduler",
  heun: "HeunDiscreteScheduler",
  dpm2: "KDPM2DiscreteScheduler",
  dpm2_ancestral: "KDPM2AncestralDiscreteScheduler",
  lms: "LMSDiscreteScheduler",
  dpmpp_2m: "DPMSolverMultistepScheduler",
  dpmpp_2m_sde: "DPMSolverMultistepScheduler",
  dpmpp_sde: "DPMSolverSDEScheduler",
  dpmpp_2s_ancestral: "EulerDiscreteScheduler",
  dpmpp_3m_sde: "EulerDiscreteScheduler",
  ddim: "DDIMScheduler",
  ddpm: "DDPMScheduler",
  pndm: "PNDMScheduler",
  unipc: "UniPCMultistepScheduler",
  deis: "DEISMultistepScheduler",
  lcm: "LCMScheduler",
  tcd: "TCDScheduler",
};

/** The classes for models trained with EDM preconditioning. */
export const EDM_CLASSES: Partial<Record<SamplerName, SchedulerClass>> = {
  euler: "EDMEulerScheduler",
  dpmpp_2m: "EDMDPMSolverMultistepScheduler",
  dpmpp_2m_sde: "EDMDPMSolverMultistepScheduler",
};

/** The classes for flow-matching models. */
export const FLOW_CLASSES: Partial<Record<SamplerName, SchedulerClass>> = {
  euler: "FlowMatchEulerDiscreteScheduler",
  heun: "FlowMatchHeunDiscreteScheduler",
  dpmpp_2m: "DPMSolverMultistepScheduler",
  dpmpp_2m_sde: "DPMSolverMultistepScheduler",
  unipc: "UniPCMultistepScheduler",
  deis: "DEISMultistepScheduler",
};
