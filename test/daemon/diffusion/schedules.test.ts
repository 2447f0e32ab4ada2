// Schedules: known values of quantiles and of ComfyUI's rules, and numpy's roundings.
import { describe, expect, test } from "vitest";
import { alphasCumprod } from "../../../daemon/src/diffusion/schedules/betas.ts";
import { betaQuantile, incompleteBeta } from "../../../daemon/src/diffusion/schedules/beta-quantile.ts";
import { comfyuiSigmas, type ComfyuiSchedule } from "../../../daemon/src/diffusion/schedules/comfyui.ts";
import { arange, interpolate, linspace, roundHalfEven } from "../../../daemon/src/diffusion/schedules/grids.ts";
import { flowTable, noiseTable } from "../../../daemon/src/diffusion/schedules/noise-table.ts";

const latent = {
  num_train_timesteps: 1000,
  beta_start: 0.00085,
  beta_end: 0.012,
  beta_schedule: "scaled_linear",
  trained_betas: null,
  rescale_betas_zero_snr: false,
} as const;
const table = noiseTable(alphasCumprod(latent));

describe("beta quantiles, as scipy.stats.beta.ppf", () => {
  test.each([
    [0.1, 0.6, 0.6, 0.03958440558878085],
    [0.5, 0.6, 0.6, 0.5],
    [0.95, 0.6, 0.6, 0.9874455431263885],
    [0.3, 2, 3, 0.27238394207510536],
    [1e-6, 0.6, 0.6, 1.8558824624053043e-10],
    [0.999, 5, 0.5, 0.9999998348802498],
    [0, 0.6, 0.6, 0],
    [1, 0.6, 0.6, 1],
  ])("p %f of Beta(%f, %f) is %f", (p, a, b, x) => {
    expect(Math.abs(betaQuantile(p, a, b) - x)).toBeLessThanOrEqual(1e-9 * Math.max(x, 1e-3));
    expect(incompleteBeta(x, a, b)).toBeCloseTo(p, 8);
  });
});

describe("grids, as numpy", () => {
  test.each([
    [0.5, 0],
    [1.5, 2],
    [2.5, 2],
    [2.4999, 2],
    [-0.5, 0],
    [-1.5, -2],
    [7, 7],
  ])("%f rounds to %i", (value, want) => expect(roundHalfEven(value) + 0).toBe(want));
  test("linspace holds both ends, and one number is the first", () => {
    expect(linspace(0, 1, 5)).toEqual([0, 0.25, 0.5, 0.75, 1]);
    expect(linspace(3, 9, 1)).toEqual([3]);
  });
  test("arange stops short", () => expect(arange(10, 0, -4)).toEqual([10, 6, 2]));
  test("interpolation is constant beyond the ends", () =>
    expect([-1, 0.25, 5].map((at) => interpolate([2, 4], at))).toEqual([2, 2.5, 4]));
});

describe("noise table", () => {
  test("its ends are those of Stable Diffusion", () => {
    expect(table.sigmas[0]).toBeCloseTo(0.0291675, 6);
    expect(table.sigmas.at(-1)).toBeCloseTo(14.6146469, 5);
  });
  test.each([0, 0.5, 17.25, 500, 998.75, 999])("timestep %f comes back from its sigma", (timestep) => {
    expect(table.timestepOf(table.logSigmaAt(timestep))).toBeCloseTo(timestep, 2);
  });
  test("zero terminal SNR leaves no signal at the last timestep", () => {
    expect(alphasCumprod({ ...latent, rescale_betas_zero_snr: true }).at(-1)).toBe(0);
  });
});

describe("ComfyUI schedules", () => {
  const at = (...timesteps: number[]): number[] => timesteps.map(table.logSigmaAt);
  const highest = table.sigmas.at(-1)!;
  const cases: { name: ComfyuiSchedule; want: number[] }[] = [
    { name: "normal", want: [...at(999, 666, 333, 0), 0] },
    { name: "sgm_uniform", want: [...at(999, 749.25, 499.5, 249.75), 0] },
    { name: "simple", want: [...at(999, 749, 499, 249), 0] },
    { name: "ddim_uniform", want: [...at(751, 501, 251, 1), 0] },
    { name: "linear_quadratic", want: [1, 0.9875, 0.975, 0.725, 0].map((share) => share * highest) },
    { name: "kl_optimal", want: [14.614647, 1.5970667, 0.5729146, 0.0291675, 0] },
    // Positions 0, 2.5, 5, 7.5 of the eleven published levels, in log sigma.
    { name: "ays", want: [14.6146412, 3.2266261, 1.3943805, 0.5093868, 0] },
  ];
  test.each(cases)("$name", ({ name, want }) => {
    const got = comfyuiSigmas(name, table, 4, "stable-diffusion");
    expect(got.length).toBe(want.length);
    got.forEach((sigma, i) => expect(Math.abs(sigma - want[i]!)).toBeLessThan(1e-4 * Math.max(1, want[i]!)));
  });
  test("ten steps of ays are the published levels, ending in 0", () => {
    const got = comfyuiSigmas("ays", table, 10, "stable-diffusion-xl");
    expect(got.slice(0, 3).map((sigma) => Number(sigma.toFixed(6)))).toEqual([14.614641, 6.318449, 3.768179]);
    expect(got.slice(-2).map((sigma) => Number(sigma.toFixed(6)))).toEqual([0.111419, 0]);
  });
  test("on a flow model, simple takes every n-th entry of the shifted table", () => {
    const got = comfyuiSigmas("simple", flowTable(1000, 3), 4, "stable-diffusion");
    [1, 0.9, 0.75, 0.5, 0].forEach((sigma, i) => expect(got[i]).toBeCloseTo(sigma, 6));
  });
});
