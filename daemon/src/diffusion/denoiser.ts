// The one denoiser contract, (x, level) → denoised, and the wrappers that make networks of every prediction type fit it.
import { combine, map, scale, type Tensor } from "../tensor/tensor.ts";

/**
 * How noisy a tensor is: x = alpha·x0 + sigma·noise, and the timestep the network is told. Holds variance-exploding
 * (alpha = 1), variance-preserving (alpha² + sigma² = 1) and flow (alpha = 1 - sigma) levels alike.
 */
export interface NoiseLevel {
  readonly alpha: number;
  readonly sigma: number;
  readonly timestep: number;
}

/** The expected clean tensor E[x0 | x] at a level; same shape as x. */
export type Denoiser = (x: Tensor, level: NoiseLevel) => Promise<Tensor>;

/** A network as trained: from the scaled input (b, …) and the timestep to its output, guidance included. */
export type Network = (scaledInput: Tensor, timestep: number) => Promise<Tensor>;

export const PREDICTION_TYPES = ["epsilon", "v_prediction", "sample", "flow_prediction"] as const;

export type PredictionType = (typeof PREDICTION_TYPES)[number];

/** What a network's output means. `sigmaData` is set for EDM preconditioning (Karras et al. 2022, table 1), else null. */
export interface Prediction {
  readonly type: PredictionType;
  readonly sigmaData: number | null;
}

/** x0 brought to a level with the given noise: alpha·x0 + sigma·noise. */
export const addNoise = (x0: Tensor, noise: Tensor, level: NoiseLevel): Tensor =>
  combine([level.alpha, x0], [level.sigma, noise]);

/** The noise that x holds when its clean part is `denoised`: (x - alpha·x0) / sigma. */
export const noiseIn = (x: Tensor, denoised: Tensor, level: NoiseLevel): Tensor =>
  combine([1 / level.sigma, x], [-level.alpha / level.sigma, denoised]);

/** x as the network wants it: variance-exploding x is brought to unit variance, all other spaces are left as they are. */
export function scaleInput(x: Tensor, level: NoiseLevel, prediction: Prediction): Tensor {
  if (prediction.sigmaData !== null) return scale(x, 1 / Math.hypot(level.sigma, prediction.sigmaData));
  return level.alpha === 1 ? scale(x, 1 / Math.hypot(level.sigma, 1)) : x;
}

/** The clean tensor that a network's output stands for, given the unscaled x it was computed from. */
export function denoisedFrom(modelOutput: Tensor, x: Tensor, level: NoiseLevel, prediction: Prediction): Tensor {
  const { alpha, sigma } = level;
  if (prediction.sigmaData !== null) return edmDenoised(modelOutput, x, sigma, prediction.sigmaData, prediction.type);
  switch (prediction.type) {
    case "epsilon":
      return cleanFrom(x, modelOutput, f32(alpha), f32(sigma));
    case "v_prediction": {
      const norm = alpha === 1 ? Math.hypot(sigma, 1) : 1;
      return combine([alpha / norm ** 2, x], [-sigma / norm, modelOutput]);
    }
    case "sample":
      return modelOutput;
    case "flow_prediction":
      return combine([1, x], [-sigma, modelOutput]);
  }
}

const f32 = Math.fround;

/** (x - sigma·noise) / alpha in torch's float32 steps: near pure noise the difference cancels and its rounding is what remains. */
const cleanFrom = (x: Tensor, noise: Tensor, alpha: number, sigma: number): Tensor =>
  map(x, (value, i) => f32(value - f32(sigma * noise.data[i]!)) / alpha);

/** A network of any prediction type as a denoiser. */
export function denoiserOf(network: Network, prediction: Prediction): Denoiser {
  return async (x, level) => {
    const modelOutput = await network(scaleInput(x, level, prediction), level.timestep);
    return denoisedFrom(modelOutput, x, level, prediction);
  };
}

/** c_skip·x + c_out·F of Karras et al. 2022; v-prediction turns the sign of c_out. */
function edmDenoised(modelOutput: Tensor, x: Tensor, sigma: number, sigmaData: number, type: PredictionType): Tensor {
  const norm = Math.hypot(sigma, sigmaData);
  const out = (sigma * sigmaData) / norm;
  return combine([(sigmaData / norm) ** 2, x], [type === "v_prediction" ? -out : out, modelOutput]);
}
