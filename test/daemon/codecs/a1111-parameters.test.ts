// A1111's infotext: what it writes, what it reads, and that the one undoes the other.
import { describe, expect, test } from "vitest";
import { schedulers, samplers } from "@diffusion/schemas/document";
import {
  a1111Parameters,
  parseA1111Parameters,
  type GenerationSettings,
} from "../../../daemon/src/codecs/a1111-parameters.ts";
import {
  a1111Sampler,
  a1111Schedule,
  samplerFromA1111,
  samplerFromComfy,
} from "../../../daemon/src/codecs/sampler-names.ts";

const base: GenerationSettings = {
  prompt: "a cat",
  steps: 20,
  sampler: "euler_ancestral",
  scheduler: "karras",
  guidanceScale: 7,
  seed: 42n,
  width: 512,
  height: 768,
  model: "vignette",
  version: "Diffusion 0.1.0",
};
const rest = "Seed: 42, Size: 512x768";

describe("writing", () => {
  test.each<[what: string, settings: Partial<GenerationSettings>, text: string]>([
    [
      "the least",
      {},
      `a cat\nSteps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 7, ${rest}, Model: vignette, Version: Diffusion 0.1.0`,
    ],
    [
      "everything",
      {
        negativePrompt: "dog",
        guidanceScale: 7.5,
        modelHash: "0123456789abcdef".repeat(4),
        clipSkip: 2,
        hires: { scale: 2, steps: 10, strength: 0.4, upscaler: "latent" },
        extra: { "ControlNet 0": "canny, 1.0" },
      },
      `a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 7.5, ${rest}, Model hash: 0123456789, Model: vignette, Denoising strength: 0.4, Clip skip: 2, Hires upscale: 2, Hires steps: 10, Hires upscaler: latent, ControlNet 0: "canny, 1.0", Version: Diffusion 0.1.0`,
    ],
    [
      "quotes",
      { model: 'a:b, "c"' },
      `a cat\nSteps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 7, ${rest}, Model: "a:b, \\"c\\"", Version: Diffusion 0.1.0`,
    ],
    [
      "clip skip 1 is none",
      { clipSkip: 1, strength: 0.5 },
      `a cat\nSteps: 20, Sampler: Euler a, Schedule type: Karras, CFG scale: 7, ${rest}, Model: vignette, Denoising strength: 0.5, Version: Diffusion 0.1.0`,
    ],
  ])("%s", (_, settings, text) => expect(a1111Parameters({ ...base, ...settings })).toBe(text));
});

describe("reading", () => {
  test.each<[text: string, prompt: string, negative: string, fields: Record<string, string>]>([
    [
      "a cat\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7",
      "a cat",
      "dog",
      { Steps: "20", Sampler: "Euler a", "CFG scale": "7" },
    ],
    [
      "one\ntwo\nNegative prompt: three\nfour\nSteps: 1, Seed: 2, Size: 3x4",
      "one\ntwo",
      "three\nfour",
      { Steps: "1", Seed: "2", Size: "3x4" },
    ],
    ["no entries at all", "no entries at all", "", {}],
    ["a cat\nSteps: 20, Seed: 1", "a cat\nSteps: 20, Seed: 1", "", {}],
    ["Steps: 1, Seed: 2, Size: 3x4", "", "", { Steps: "1", Seed: "2", Size: "3x4" }],
    ["Negative prompt: dog\nSteps: 1, Seed: 2, Size: 3x4", "", "dog", { Steps: "1", Seed: "2", Size: "3x4" }],
    [
      'x\nSteps: 1, Model: "a:b, \\"c\\"", Lora hashes: "x: 1, y: 2", Seed: 5',
      "x",
      "",
      { Steps: "1", Model: 'a:b, "c"', "Lora hashes": "x: 1, y: 2", Seed: "5" },
    ],
    ['x\nSteps: 1, Model: "broken, Seed: 5', "x", "", { Steps: "1", Model: '"broken', Seed: "5" }],
    ["a, b: c, d: e\nmore", "a, b: c, d: e\nmore", "", {}],
    ["  spaced  \r\nSteps: 1, Seed: 2, Size: 3x4\r\n", "spaced", "", { Steps: "1", Seed: "2", Size: "3x4" }],
    ["", "", "", {}],
  ])("%j", (text, prompt, negativePrompt, fields) => {
    expect(parseA1111Parameters(text)).toEqual({ prompt, negativePrompt, fields: new Map(Object.entries(fields)) });
  });

  test("hostile lines take no time", () => {
    for (const line of [
      "a".repeat(400_000),
      "a: ".repeat(200_000),
      'ab: "'.repeat(100_000),
      '"\\'.repeat(200_000),
      " ".repeat(400_000) + "x",
      `ab: "${"a".repeat(8_000_000)}"`,
      `ab: "${"\\".repeat(300_000)}`,
    ]) {
      const start = performance.now();
      parseA1111Parameters(`x\n${line}`);
      expect(performance.now() - start, line.slice(0, 10)).toBeLessThan(3000);
    }
  });
});

test.each<[what: string, settings: Partial<GenerationSettings>]>([
  ["plain", {}],
  ["many lines", { prompt: "one\ntwo, (three:1.2)\n<lora:x:0.8>", negativePrompt: "four\nfive: six" }],
  ["a model with every quote", { model: 'a, b: "c" \\ d' }],
  ["a seed of 64 bits", { seed: 2n ** 64n - 1n }],
])("written and read again: %s", (_, changes) => {
  const settings = { ...base, ...changes };
  const { prompt, negativePrompt, fields } = parseA1111Parameters(a1111Parameters(settings));
  expect([prompt, negativePrompt]).toEqual([settings.prompt, settings.negativePrompt ?? ""]);
  expect(fields.get("Model")).toBe(settings.model);
  expect(fields.get("Seed")).toBe(String(settings.seed));
  expect(fields.size).toBe(8);
});

describe("names", () => {
  test("every sampler of the format there and back", () => {
    for (const sampler of Object.keys(samplers))
      expect(samplerFromA1111(a1111Sampler(sampler)!, undefined)).toEqual({ sampler });
  });
  test("every schedule of the format there and back", () => {
    for (const scheduler of Object.keys(schedulers).filter((name) => name !== "default"))
      expect(samplerFromA1111("Euler", a1111Schedule(scheduler))).toEqual({ sampler: "euler", scheduler });
  });
  test.each<[label: string, schedule: string | undefined, sampler: string | undefined, scheduler: string | undefined]>([
    ["DPM++ 2M Karras", undefined, "dpmpp_2m", "karras"],
    ["DPM++ 2M SDE Exponential", undefined, "dpmpp_2m_sde", "exponential"],
    ["DPM++ 2M", "Automatic", "dpmpp_2m", "karras"],
    ["DPM++ 3M SDE", "Automatic", "dpmpp_3m_sde", "exponential"],
    ["Euler a", "Automatic", "euler_ancestral", undefined],
    ["euler A", "sgm uniform", "euler_ancestral", "sgm_uniform"],
    ["Euler", "Uniform", "euler", "normal"],
    ["DDIM", "DDIM", "ddim", "ddim_uniform"],
    ["Restart", "Polyexponential", undefined, undefined],
    ["constructor", "toString", undefined, undefined],
  ])("A1111's %s with %s", (label, schedule, sampler, scheduler) => {
    const found = samplerFromA1111(label, schedule);
    expect([found.sampler, found.scheduler]).toEqual([sampler, scheduler]);
  });
  test.each<[sampler: string, scheduler: string | undefined, ours: string | undefined, schedule: string | undefined]>([
    ["dpm_2", "normal", "dpm2", "normal"],
    ["dpmpp_2m_sde_gpu", "karras", "dpmpp_2m_sde", "karras"],
    ["uni_pc", "simple", "unipc", "simple"],
    ["euler", undefined, "euler", undefined],
    ["res_multistep", "bong_tangent", undefined, undefined],
    ["__proto__", "constructor", undefined, undefined],
  ])("ComfyUI's %s with %s", (sampler, scheduler, ours, schedule) => {
    const found = samplerFromComfy(sampler, scheduler);
    expect([found.sampler, found.scheduler]).toEqual([ours, schedule]);
  });
});
