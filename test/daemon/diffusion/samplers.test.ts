// What every sampler promises: pure steps, resuming from any state, cancelling between steps, and ending at the data.
import { describe, expect, test } from "vitest";
import { DiffusionError } from "../../../daemon/src/base/errors.ts";
import type { Denoiser } from "../../../daemon/src/diffusion/denoiser.ts";
import { samplingFromConfig } from "../../../daemon/src/diffusion/from-config.ts";
import { SAMPLERS, SCHEDULERS } from "../../../daemon/src/diffusion/names.ts";
import { sample, startAt, type SamplerState } from "../../../daemon/src/diffusion/samplers/sampler.ts";
import { TorchGenerator } from "../../../daemon/src/random/torch-cpu.ts";
import { combine, scale, tensor, type Tensor } from "../../../daemon/src/tensor/tensor.ts";

/** The scheduler_config.json of Stable Diffusion 1.5. */
const stableDiffusion = {
  _class_name: "PNDMScheduler",
  _diffusers_version: "0.6.0",
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

const shape = [1, 2, 3, 3];
const mean = tensor(
  Float32Array.from({ length: 18 }, (_, i) => Math.sin(i)),
  shape,
);
const noise = tensor(new TorchGenerator(9n).randn(shape).data, shape);

/** The exact denoiser for data N(mean, s²). */
const gaussian =
  (s: number): Denoiser =>
  (x, { alpha, sigma }) => {
    const gain = (alpha * s ** 2) / (alpha ** 2 * s ** 2 + sigma ** 2);
    return Promise.resolve(combine([1 - gain * alpha, mean], [gain, x]));
  };

const farthest = (a: Tensor, b: Tensor): number => Math.max(...a.data.map((value, i) => Math.abs(value - b.data[i]!)));

function freeze(state: SamplerState): SamplerState {
  return Object.freeze({ ...state, history: Object.freeze([...state.history]) });
}

describe.each(SAMPLERS)("%s", (name) => {
  const ready = samplingFromConfig(stableDiffusion, { steps: 7, sampler: name, eta: 0.5, seed: 3n });
  const start = scale(noise, ready.initNoiseSigma);

  test("goes on from the state after any step, with the generator's, as if never stopped", async () => {
    const whole = new TorchGenerator(1n);
    const kept: { state: SamplerState; generator: unknown }[] = [];
    const want = await sample(ready.sampler, startAt(start), gaussian(0.3), whole, {
      onStep: (state) => {
        kept.push(structuredClone({ state, generator: whole.state() }));
        return undefined;
      },
    });
    expect(kept.length).toBe(ready.sampler.levels.length);
    for (const { state, generator } of kept) {
      const resumed = TorchGenerator.restore(generator as ReturnType<TorchGenerator["state"]>);
      expect(await sample(ready.sampler, state, gaussian(0.3), resumed)).toEqual(want);
    }
  });

  test("a step leaves its state as it was", async () => {
    let state = freeze(startAt(start));
    const generator = new TorchGenerator(1n);
    while (state.step < ready.sampler.levels.length) {
      const before = structuredClone(state);
      const after = await ready.sampler.step(state, gaussian(0.3), generator);
      expect(state).toEqual(before);
      state = freeze(after);
    }
  });

  test("ends at the data where all of it is one point", async () => {
    const got = await sample(ready.sampler, startAt(start), gaussian(0), new TorchGenerator(1n));
    expect(farthest(got, mean)).toBeLessThan(0.12);
  });
});

describe("schedules", () => {
  const discrete = ["ddim", "ddpm", "pndm", "lcm", "tcd"];

  test.each(SAMPLERS.flatMap((sampler) => SCHEDULERS.map((scheduler) => [sampler, scheduler] as const)))(
    "%s with %s",
    async (sampler, scheduler) => {
      const make = () => samplingFromConfig(stableDiffusion, { steps: 9, sampler, scheduler, seed: 5n });
      if (discrete.includes(sampler) && scheduler !== "default") {
        expect(make).toThrow(expect.objectContaining({ code: "unsupported" }) as Error);
        return;
      }
      const ready = make();
      const got = await sample(
        ready.sampler,
        startAt(scale(noise, ready.initNoiseSigma)),
        gaussian(0),
        new TorchGenerator(1n),
      );
      expect(farthest(got, mean)).toBeLessThan(0.25);
    },
  );
});

describe("driver", () => {
  const ready = samplingFromConfig(stableDiffusion, { steps: 5, sampler: "euler" });
  const start = startAt(scale(noise, ready.initNoiseSigma));
  const generator = new TorchGenerator(0n);

  test("an aborted signal stops before the next step", async () => {
    const controller = new AbortController();
    let steps = 0;
    const run = sample(ready.sampler, start, gaussian(0.3), generator, {
      signal: controller.signal,
      onStep: () => {
        if (++steps === 2) controller.abort();
        return undefined;
      },
    });
    await expect(run).rejects.toThrow(new DiffusionError("cancelled", "cancelled before step 3 of 5"));
    expect(steps).toBe(2);
  });

  test("a state that onStep returns takes the place of the step's", async () => {
    const got = await sample(ready.sampler, start, gaussian(0.3), generator, {
      onStep: (state) => (state.step === 5 ? { ...state, x: mean } : undefined),
    });
    expect(got).toBe(mean);
  });
});
