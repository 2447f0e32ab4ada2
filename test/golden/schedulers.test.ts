// Every sampler and schedule against diffusers, x by x, with the exact denoiser for Gaussian data as the network.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  addNoise,
  denoiserOf,
  scaleInput,
  type Denoiser,
  type Network,
  type NoiseLevel,
  type Prediction,
} from "../../daemon/src/diffusion/denoiser.ts";
import { samplingFromConfig } from "../../daemon/src/diffusion/from-config.ts";
import { sample, startAt } from "../../daemon/src/diffusion/samplers/sampler.ts";
import { configOf, type SchedulerClass } from "../../daemon/src/diffusion/scheduler-config.ts";
import { alphasCumprod } from "../../daemon/src/diffusion/schedules/betas.ts";
import { finiteAlphaBars } from "../../daemon/src/diffusion/schedules/exploding-schedule.ts";
import { interpolate } from "../../daemon/src/diffusion/schedules/grids.ts";
import { brownianTree } from "../../daemon/src/random/brownian-tree.ts";
import type { BrownianNoise, NoiseSource } from "../../daemon/src/random/noise-source.ts";
import { concat, map, rows, scale, type Tensor } from "../../daemon/src/tensor/tensor.ts";
import { readSafetensors } from "./read-safetensors.ts";
import { expectClose, referenceFolder } from "./reference.ts";

interface Row {
  name: string;
  scheduler: SchedulerClass;
  config: Record<string, unknown>;
  steps: number;
  strength?: number;
  set_timesteps: { mu?: number };
  step: { eta?: number; use_clipped_model_output?: boolean; s_churn?: number; s_noise?: number };
  init_noise_sigma: number;
}

interface Case {
  rows: Row[];
  want: Record<string, Tensor>;
  /** The data: mean, and deviation. The start noise. */
  mu: Tensor;
  s: number;
  start: Tensor;
  tolerance: number;
}

function readCase(folder: string, tolerance: number): Case {
  // Python writes -Infinity, which JSON does not know.
  const table = readFileSync(join(folder, "table.json"), "utf8").replaceAll(": -Infinity", ": null");
  const { s } = JSON.parse(readFileSync(join(folder, "case.json"), "utf8")) as { s: number };
  const want = readSafetensors(join(folder, "expected/tensors.safetensors"));
  return { rows: JSON.parse(table) as Row[], want, mu: want.mu!, s, start: want.start!, tolerance };
}

const recordedCase = readCase(referenceFolder("schedulers", "schedulers"), 1e-4);
const moreCase = readCase(join(import.meta.dirname, "schedulers-more"), 2e-4);

/** alpha and sigma of the data process at what the network is told. */
function processAt(row: Row, prediction: Prediction): (timestep: number) => [alpha: number, sigma: number] {
  const config = configOf(row.scheduler, row.config);
  if (prediction.type === "flow_prediction") return (t) => [1 - t / 1000, t / 1000];
  if (config.timestep_type === "continuous") return (t) => [1 / Math.hypot(1, Math.exp(4 * t)), Math.exp(4 * t) / Math.hypot(1, Math.exp(4 * t))];
  const unpatched = ["DDPMScheduler", "DDIMScheduler", "LCMScheduler", "TCDScheduler"].includes(row.scheduler);
  const bars = unpatched ? alphasCumprod(config) : finiteAlphaBars(config);
  return (t) => {
    const bar = interpolate(bars, t);
    return [Math.sqrt(bar), Math.sqrt(1 - bar)];
  };
}

/** E[x0 | x] for x0 ~ N(mu, s²), turned into the prediction type; in the recorded one's float32 steps. */
function gaussianNetwork({ mu, s }: Case, row: Row, prediction: Prediction): Network {
  const f = Math.fround;
  if (prediction.sigmaData !== null) return edmNetwork(mu, s, prediction.sigmaData, prediction.type === "v_prediction" ? -1 : 1);
  const at = processAt(row, prediction);
  return (x, timestep) => {
    const [a, b] = at(timestep);
    const gain = f((a * s ** 2) / (a ** 2 * s ** 2 + b ** 2));
    const output = (xi: number, i: number): number => {
      const m = mu.data[i]!;
      const x0 = f(m + f(gain * f(xi - f(f(a) * m))));
      if (prediction.type === "sample") return x0;
      const eps = f(f(xi - f(f(a) * x0)) / f(Math.max(b, 1e-8)));
      if (prediction.type === "flow_prediction") return eps - x0;
      return prediction.type === "epsilon" ? eps : f(f(a) * eps) - f(f(b) * x0);
    };
    return Promise.resolve(map(x, output));
  };
}

const edmNetwork =
  (mu: Tensor, s: number, d: number, sign: number): Network =>
  (scaled, timestep) => {
    const sigma = Math.exp(4 * timestep);
    const norm = Math.hypot(sigma, d);
    return Promise.resolve(
      map(scaled, (value, i) => {
        const x = value * norm;
        const x0 = mu.data[i]! + (s ** 2 / (s ** 2 + sigma ** 2)) * (x - mu.data[i]!);
        return (x0 - (d / norm) ** 2 * x) / ((sign * sigma * d) / norm);
      }),
    );
  };

/** The recorded draws, in order. */
function recorded(noise: Tensor | undefined): NoiseSource & { drawn: () => number } {
  let drawn = 0;
  const randn = (): Tensor => rows(noise!, drawn++);
  return { randn, state: () => drawn, drawn: () => drawn };
}

/**
 * The recorded increments of a Brownian path. They lie among the draws torchsde made to find them, so each is the next one near our
 * own tree's increment: near, for the last bit of torch's logarithms and roots moves it by about 1e-3.
 */
function recordedPath(row: Row, recordings: Tensor): BrownianNoise {
  const { sigmas } = samplingFromConfig({ _class_name: row.scheduler, ...row.config }, { steps: row.steps });
  const tree = brownianTree(BigInt(row.config.noise_sampler_seed as number), sigmas.at(-2)!, sigmas[0]!);
  let next = 0;
  return (shape, from, to) => {
    const ours = tree(shape, from, to);
    const isNear = (recording: Tensor): boolean => recording.data.every((value, i) => Math.abs(value - ours.data[i]!) < 0.1);
    while (next < recordings.shape[0]! && !isNear(rows(recordings, next))) next++;
    expect(next, `increment of the path from ${from} to ${to}`).toBeLessThan(recordings.shape[0]!);
    return rows(recordings, next++);
  };
}

const once = (values: ArrayLike<number>): number[] => Array.from(values).filter((v, i, all) => i === 0 || v !== all[i - 1]);

async function check(golden: Case, row: Row): Promise<void> {
  const { name } = row;
  const want = (key: string): Tensor | undefined => golden.want[`${name}/${key}`];
  const noise = recorded(want("noise"));
  const isPath = row.scheduler === "DPMSolverSDEScheduler";
  const ready = samplingFromConfig(
    { _class_name: row.scheduler, ...row.config },
    {
      steps: row.steps,
      strength: row.strength,
      eta: row.step.eta,
      clippedDirection: row.step.use_clipped_model_output,
      churn: row.step.s_churn,
      churnNoise: row.step.s_noise,
      mu: row.set_timesteps.mu,
      ...(isPath ? { brownian: recordedPath(row, want("noise")!) } : {}),
    },
  );
  const { sampler, prediction, begin } = ready;
  const calls: { x: Tensor; level: NoiseLevel }[] = [];
  const denoise = denoiserOf(gaussianNetwork(golden, row, prediction), prediction);
  const watched: Denoiser = (x, level) => {
    calls.push({ x, level });
    return denoise(x, level);
  };
  const { start, mu } = golden;
  const first = begin === 0 ? scale(start, ready.initNoiseSigma) : addNoise(mu, start, sampler.levels[begin]!);
  const result = await sample(sampler, startAt(first, begin), watched, noise);

  const scaled = calls.map((call) => scaleInput(call.x, call.level, prediction));
  const timesteps = calls.map((call) => call.level.timestep);
  const wantX = want("x")!;
  expectClose([ready.initNoiseSigma], [row.init_noise_sigma], 1e-6, "init_noise_sigma");
  expectClose(timesteps, want("timesteps")!.data, golden.tolerance, "timesteps");
  if (want("sigmas") && ready.sigmas.length > 0) expectClose(once(ready.sigmas), once(want("sigmas")!.data), 1e-6, "sigmas");
  expect(calls.length + 1).toBe(wantX.shape[0]);
  [...calls.map((call) => call.x), result].forEach((x, i) =>
    expectClose(x.data, rows(wantX, i).data, golden.tolerance, `x before call ${i}`),
  );
  if (want("scaled")) expectClose(concat(scaled).data, want("scaled")!.data, golden.tolerance, "scaled");
  else expect(concat(scaled)).toEqual(concat(calls.map((call) => call.x)));
  const third = calls[Math.min(2, calls.length - 1)]!.level;
  if (want("noised")) expectClose(addNoise(mu, start, third).data, want("noised")!.data, golden.tolerance, "noised");
  if (!isPath) expect(noise.drawn()).toBe(want("noise")?.shape[0] ?? 0);
}

describe("samplers and schedules", () => {
  test.each(recordedCase.rows.map((row) => [row.name, row] as const))("%s", (_, row) => check(recordedCase, row));
});

describe("late starts, other lengths, other options", () => {
  test.each(moreCase.rows.map((row) => [row.name, row] as const))("%s", (_, row) => check(moreCase, row));
});

describe("training schedules", () => {
  test.each(["ddim_leading", "ddim_linear", "ddim_cosine", "ddim_zero_snr"])("alphas_cumprod of %s", (name) => {
    const row = recordedCase.rows.find((each) => each.name === name)!;
    const bars = recordedCase.want[`${name}/alphas_cumprod`]!.data;
    expectClose(alphasCumprod(configOf(row.scheduler, row.config)), bars, 1e-6, "alphas_cumprod");
  });
});
