// Reading scheduler configurations: conversions between classes, strength, and every way to be wrong.
import { describe, expect, test } from "vitest";
import { samplingFromConfig, type SamplingOptions } from "../../../daemon/src/diffusion/from-config.ts";
import type { SamplerName } from "../../../daemon/src/diffusion/names.ts";

const stableDiffusion = {
  _class_name: "PNDMScheduler",
  beta_end: 0.012,
  beta_schedule: "scaled_linear",
  beta_start: 0.00085,
  num_train_timesteps: 1000,
  set_alpha_to_one: false,
  skip_prk_steps: true,
  steps_offset: 1,
  trained_betas: null,
  clip_sample: false,
};
const flux = { _class_name: "FlowMatchEulerDiscreteScheduler", num_train_timesteps: 1000, shift: 3 };
const wan = {
  _class_name: "UniPCMultistepScheduler",
  use_flow_sigmas: true,
  flow_shift: 3,
  prediction_type: "flow_prediction",
};
const playground = { _class_name: "EDMEulerScheduler", sigma_min: 0.002, sigma_max: 80, sigma_data: 0.5 };

const timesteps = (config: Record<string, unknown>, options: SamplingOptions): number[] =>
  samplingFromConfig(config, options).sampler.levels.map((level) => Math.round(level.timestep * 100) / 100);

describe("a sampler on a model configured for another class", () => {
  // diffusers 0.42: Class.from_config(config), set_timesteps(5)
  const cases: { sampler?: SamplerName; scheduler?: SamplingOptions["scheduler"]; want: number[] }[] = [
    { want: [801, 601, 601, 401, 201, 1] },
    { sampler: "euler", want: [999, 749.25, 499.5, 249.75, 0] },
    { sampler: "dpmpp_2m_sde", want: [999, 799, 599, 400, 200] },
    { sampler: "unipc", want: [999, 799, 599, 400, 200] },
    { sampler: "heun", scheduler: "karras", want: [999, 785.95, 427.49, 58.89, 0] },
    { sampler: "ddim", want: [801, 601, 401, 201, 1] },
  ];
  test.each(cases)("$sampler $scheduler", ({ sampler, scheduler, want }) => {
    expect(timesteps(stableDiffusion, { steps: 5, sampler, scheduler })).toEqual(want);
  });

  test("keeps the prediction type of the model", () => {
    const config = { ...stableDiffusion, prediction_type: "v_prediction" };
    expect(samplingFromConfig(config, { steps: 5, sampler: "dpmpp_2m" }).prediction.type).toBe("v_prediction");
  });
  test("a flow model keeps its shift in both spellings", () => {
    const direct = samplingFromConfig(flux, { steps: 4 }).sigmas;
    expect(samplingFromConfig(wan, { steps: 4, sampler: "euler" }).sigmas).toEqual(direct);
    const multistep = samplingFromConfig(flux, { steps: 4, sampler: "unipc" });
    expect(multistep.sigmas).toEqual(samplingFromConfig(wan, { steps: 4 }).sigmas);
    expect(multistep.prediction.type).toBe("flow_prediction");
  });
  test("an EDM model keeps its preconditioning", () => {
    const ready = samplingFromConfig(playground, { steps: 4, sampler: "dpmpp_2m" });
    expect(ready.prediction).toEqual({ type: "epsilon", sigmaData: 0.5 });
    expect(ready.sigmas[0]).toBe(80);
  });
  test("unit noise is scaled to where the sampler starts", () => {
    const start = (sampler: SamplerName, more = {}): number =>
      samplingFromConfig({ ...stableDiffusion, ...more }, { steps: 5, sampler }).initNoiseSigma;
    expect([start("ddim"), start("dpmpp_2m")]).toEqual([1, 1]);
    expect(start("euler")).toBeCloseTo(14.6146, 3);
    expect(start("euler", { timestep_spacing: "leading" })).toBeCloseTo(5.2309, 3);
  });
});

describe("strength", () => {
  test.each([
    { strength: 1, begin: 0 },
    { strength: 0.6, begin: 4 },
    { strength: 0.55, begin: 5 },
    { strength: 0.1, begin: 9 },
  ])("$strength of ten steps begins at $begin", ({ strength, begin }) => {
    for (const sampler of ["euler", "heun", "pndm"] as const)
      expect(samplingFromConfig(stableDiffusion, { steps: 10, strength, sampler }).begin).toBe(begin);
  });
});

describe("what is refused", () => {
  const cases: {
    title: string;
    config?: Record<string, unknown>;
    options?: Partial<SamplingOptions>;
    code: string;
    names: string;
  }[] = [
    {
      title: "a class of another library",
      config: { _class_name: "MyScheduler" },
      code: "model-invalid",
      names: "MyScheduler",
    },
    { title: "no class", config: { _class_name: undefined }, code: "model-invalid", names: "_class_name" },
    { title: "an unknown key", config: { snr_shift_scale: 3 }, code: "model-invalid", names: "snr_shift_scale" },
    {
      title: "an unknown word",
      config: { beta_schedule: "cosine" },
      code: "model-invalid",
      names: "squaredcos_cap_v2",
    },
    { title: "text for a number", config: { beta_start: "0.1" }, code: "model-invalid", names: "beta_start" },
    { title: "a number for a switch", config: { skip_prk_steps: 1 }, code: "model-invalid", names: "skip_prk_steps" },
    { title: "text among betas", config: { trained_betas: [0.1, "x"] }, code: "model-invalid", names: "trained_betas" },
    { title: "another solver inside", config: { solver_p: {} }, code: "model-invalid", names: "solver_p" },
    {
      title: "two conversions at once",
      config: { _class_name: "EulerDiscreteScheduler", use_karras_sigmas: true, use_beta_sigmas: true },
      code: "model-invalid",
      names: "use_beta_sigmas",
    },
    {
      title: "DPM-Solver to sigma 0",
      config: { _class_name: "DPMSolverMultistepScheduler", algorithm_type: "dpmsolver" },
      code: "model-invalid",
      names: "sigma_min",
    },
    {
      title: "a learned variance",
      config: { _class_name: "DDPMScheduler", variance_type: "learned_range" },
      code: "unsupported",
      names: "learned_range",
    },
    {
      title: "Karras sigmas for DDIM",
      options: { sampler: "ddim", scheduler: "karras" },
      code: "unsupported",
      names: "karras",
    },
    {
      title: "DDIM on a flow model",
      config: { ...flux },
      options: { sampler: "ddim" },
      code: "unsupported",
      names: "euler, heun",
    },
    { title: "no steps", options: { steps: 0 }, code: "document", names: "steps" },
    { title: "half a step", options: { steps: 2.5 }, code: "document", names: "steps" },
    { title: "more steps than were trained", options: { steps: 1001 }, code: "document", names: "1000" },
    { title: "more steps than were distilled", options: { steps: 60, sampler: "lcm" }, code: "document", names: "50" },
    { title: "strength above 1", options: { strength: 1.1 }, code: "document", names: "strength" },
    { title: "strength that leaves no step", options: { strength: 0.1 }, code: "document", names: "strength" },
    { title: "eta above 1", options: { eta: 2 }, code: "document", names: "eta" },
  ];
  test.each(cases)("$title", ({ config, options, code, names }) => {
    const make = () => samplingFromConfig({ ...stableDiffusion, ...config }, { steps: 5, ...options });
    expect(make).toThrow(expect.objectContaining({ code, message: expect.stringContaining(names) as string }) as Error);
  });

  test("null, underscored and other classes' keys are no reason", () => {
    const config = {
      ...stableDiffusion,
      _anything: {},
      use_karras_sigmas: null,
      interpolation_type: "linear",
      timestep_type: "discrete",
    };
    expect(timesteps(config, { steps: 5 })).toEqual(timesteps(stableDiffusion, { steps: 5 }));
  });
});
