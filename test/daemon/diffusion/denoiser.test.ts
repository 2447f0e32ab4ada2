// Every prediction type in every space: the network's exact output gives back the clean tensor.
import { describe, expect, test } from "vitest";
import {
  addNoise,
  denoiserOf,
  noiseIn,
  scaleInput,
  type NoiseLevel,
  type Prediction,
} from "../../../daemon/src/diffusion/denoiser.ts";
import { combine, tensor, type Tensor } from "../../../daemon/src/tensor/tensor.ts";

const x0 = tensor([0.5, -1, 2, 0.25]);
const noise = tensor([1, 0.5, -0.75, -2]);
const levels: Record<string, NoiseLevel> = {
  "variance-exploding": { alpha: 1, sigma: 3, timestep: 600 },
  "variance-preserving": { alpha: 0.6, sigma: 0.8, timestep: 600 },
  flow: { alpha: 0.7, sigma: 0.3, timestep: 300 },
};

/** What a perfect network says, in unit-variance terms. */
function output({ type }: Prediction, { alpha, sigma }: NoiseLevel): Tensor {
  const norm = alpha === 1 ? Math.hypot(1, sigma) : 1;
  if (type === "sample") return x0;
  if (type === "epsilon") return noise;
  if (type === "flow_prediction") return combine([1, noise], [-1, x0]);
  return combine([alpha / norm, noise], [-sigma / norm, x0]);
}

describe("denoiser", () => {
  test.each([
    ["epsilon", "variance-exploding"],
    ["epsilon", "variance-preserving"],
    ["epsilon", "flow"],
    ["v_prediction", "variance-exploding"],
    ["v_prediction", "variance-preserving"],
    ["sample", "variance-exploding"],
    ["sample", "variance-preserving"],
    ["flow_prediction", "flow"],
  ] as const)("%s in %s space", async (type, space) => {
    const level = levels[space]!;
    const prediction: Prediction = { type, sigmaData: null };
    const x = addNoise(x0, noise, level);
    let told = 0;
    const denoise = denoiserOf((input, timestep) => {
      told = timestep;
      expect(input).toEqual(scaleInput(x, level, prediction));
      return Promise.resolve(output(prediction, level));
    }, prediction);
    const got = await denoise(x, level);
    got.data.forEach((value, i) => expect(value).toBeCloseTo(x0.data[i]!, 5));
    expect(told).toBe(level.timestep);
  });

  test.each([1, -1])("EDM preconditioning, sign %i", async (sign) => {
    const [sigma, d] = [3, 0.5];
    const level = { alpha: 1, sigma, timestep: 0 };
    const x = addNoise(x0, noise, level);
    const norm = Math.hypot(sigma, d);
    const said = combine([(sign * norm) / (sigma * d), x0], [(-sign * d) / (sigma * norm), x]);
    const denoise = denoiserOf(() => Promise.resolve(said), {
      type: sign > 0 ? "epsilon" : "v_prediction",
      sigmaData: d,
    });
    (await denoise(x, level)).data.forEach((value, i) => expect(value).toBeCloseTo(x0.data[i]!, 5));
  });

  test("only variance-exploding x is scaled for the network", () => {
    const prediction: Prediction = { type: "epsilon", sigmaData: null };
    expect(scaleInput(x0, levels.flow!, prediction)).toBe(x0);
    expect(scaleInput(x0, levels["variance-preserving"]!, prediction)).toBe(x0);
    expect(scaleInput(x0, levels["variance-exploding"]!, prediction).data[1]).toBeCloseTo(-1 / Math.sqrt(10), 6);
  });

  test("noise comes back out of what it was added to", () => {
    const level = levels["variance-preserving"]!;
    noiseIn(addNoise(x0, noise, level), x0, level).data.forEach((value, i) =>
      expect(value).toBeCloseTo(noise.data[i]!, 5),
    );
  });
});
