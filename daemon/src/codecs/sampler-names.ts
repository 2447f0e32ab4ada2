// Our names of samplers and schedules against those of A1111 and ComfyUI.

/** A1111's labels (modules/sd_samplers_*.py; DDPM, DEIS and TCD as Forge adds them). */
const A1111_SAMPLERS: Readonly<Record<string, string>> = {
  euler: "Euler",
  euler_ancestral: "Euler a",
  heun: "Heun",
  dpm2: "DPM2",
  dpm2_ancestral: "DPM2 a",
  lms: "LMS",
  dpmpp_2m: "DPM++ 2M",
  dpmpp_2m_sde: "DPM++ 2M SDE",
  dpmpp_sde: "DPM++ SDE",
  dpmpp_2s_ancestral: "DPM++ 2S a",
  dpmpp_3m_sde: "DPM++ 3M SDE",
  ddim: "DDIM",
  ddpm: "DDPM",
  pndm: "PLMS",
  unipc: "UniPC",
  deis: "DEIS",
  lcm: "LCM",
  tcd: "TCD",
};

/** A1111's labels (modules/sd_schedulers.py; linear quadratic as Forge adds it). */
const A1111_SCHEDULES: Readonly<Record<string, string>> = {
  default: "Automatic",
  karras: "Karras",
  exponential: "Exponential",
  beta: "Beta",
  normal: "Normal",
  simple: "Simple",
  sgm_uniform: "SGM Uniform",
  ddim_uniform: "DDIM",
  linear_quadratic: "Linear Quadratic",
  kl_optimal: "KL Optimal",
  ays: "Align Your Steps",
};

/** What "Automatic" is for a sampler in A1111 (the `scheduler` option of modules/sd_samplers_kdiffusion.py). */
const A1111_AUTOMATIC: Readonly<Record<string, string>> = {
  dpmpp_2m: "karras",
  dpmpp_sde: "karras",
  dpmpp_2m_sde: "exponential",
  dpmpp_2s_ancestral: "karras",
  dpmpp_3m_sde: "exponential",
  dpm2: "karras",
  dpm2_ancestral: "karras",
};

/** ComfyUI's spellings that differ from ours (comfy/samplers.py). */
const COMFY_SAMPLERS: Readonly<Record<string, string>> = {
  dpm_2: "dpm2",
  dpm_2_ancestral: "dpm2_ancestral",
  dpmpp_sde_gpu: "dpmpp_sde",
  dpmpp_2m_sde_gpu: "dpmpp_2m_sde",
  dpmpp_3m_sde_gpu: "dpmpp_3m_sde",
  uni_pc: "unipc",
};

/** A1111's label of our sampler; undefined where it has none. */
export const a1111Sampler = (sampler: string): string | undefined => own(A1111_SAMPLERS, sampler);

/** A1111's label of our schedule. */
export const a1111Schedule = (scheduler: string): string | undefined => own(A1111_SCHEDULES, scheduler);

/** What an infotext says of sampler and schedule, in our names; undefined where we have none. */
export interface SamplerNames {
  readonly sampler?: string | undefined;
  readonly scheduler?: string | undefined;
}

/** From A1111's labels. Before version 1.9 the sampler's label ended in the schedule's ("DPM++ 2M Karras"). */
export function samplerFromA1111(label: string, schedule: string | undefined): SamplerNames {
  const [, name = label, ending] = /^(.+?)(?: (karras|exponential))?$/i.exec(label.trim()) ?? [];
  const sampler = keyOf(A1111_SAMPLERS, name);
  const named = schedule ?? ending;
  if (named === undefined) return { sampler };
  if (/^automatic$/i.test(named)) return { sampler, scheduler: sampler && own(A1111_AUTOMATIC, sampler) };
  // "Uniform" steps evenly from the last timestep to the first, which is ComfyUI's and our "normal".
  return { sampler, scheduler: /^uniform$/i.test(named) ? "normal" : keyOf(A1111_SCHEDULES, named) };
}

/** From ComfyUI's names, most of which are ours. */
export function samplerFromComfy(sampler: string, scheduler: string | undefined): SamplerNames {
  const name = own(COMFY_SAMPLERS, sampler) ?? sampler;
  return {
    sampler: own(A1111_SAMPLERS, name) === undefined ? undefined : name,
    scheduler: scheduler !== undefined && own(A1111_SCHEDULES, scheduler) !== undefined ? scheduler : undefined,
  };
}

function own(table: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

function keyOf(table: Readonly<Record<string, string>>, label: string): string | undefined {
  const wanted = label.trim().toLowerCase();
  return Object.keys(table).find((key) => table[key]!.toLowerCase() === wanted);
}
