// Pseudo numerical methods on manifolds (Liu et al. 2022): Runge–Kutta or a repeated first step, then linear multistep.
import { combine, type Tensor } from "../../tensor/tensor.ts";
import { noiseIn, type Denoiser, type NoiseLevel, type PredictionType } from "../denoiser.ts";
import type { TimestepSchedule } from "../schedules/timestep-schedule.ts";
import { advance, remember, type Sampler, type SamplerState } from "./sampler.ts";

/** Timesteps of a run that begins with three Runge–Kutta steps. */
export interface PndmSchedule extends TimestepSchedule {
  readonly rungeKutta: boolean;
}

const RUNGE_KUTTA_STEPS = 3;

/** @param extrapolated the quantity whose history the multistep formula extrapolates: what the network predicts */
export function pndm(schedule: PndmSchedule, extrapolated: PredictionType): Sampler {
  const { timesteps, stride, levelAt, rungeKutta } = schedule;
  const levels = timesteps.map(levelAt);
  const turn = extrapolated === "v_prediction" ? asVelocity : asNoise;
  const slopeAt = async (x: Tensor, level: NoiseLevel, denoise: Denoiser): Promise<Tensor> =>
    turn.from(x, await denoise(x, level), level);
  const transfer = (x: Tensor, slope: Tensor, from: NoiseLevel, to: NoiseLevel): Tensor =>
    transferNoise(x, turn.toNoise(x, slope, from), from, to);

  async function rungeKuttaStep(state: SamplerState, denoise: Denoiser): Promise<SamplerState> {
    const { x } = state;
    const from = levels[state.step]!;
    const half = Math.floor(stride / 2);
    const middle = levelAt(timesteps[state.step + 1]! + half);
    const to = levels[state.step + 1]!;
    const k1 = await slopeAt(x, from, denoise);
    const k2 = await slopeAt(transfer(x, k1, from, levelAt(from.timestep - half)), middle, denoise);
    const k3 = await slopeAt(transfer(x, k2, from, middle), middle, denoise);
    const k4 = await slopeAt(transfer(x, k3, from, levelAt(middle.timestep - half)), to, denoise);
    const slope = combine([1 / 6, k1], [1 / 3, k2], [1 / 3, k3], [1 / 6, k4]);
    return advance(state, transfer(x, slope, from, to), { history: remember(state.history, k1, 4) });
  }

  /** The first level is left twice: the second time with the mean of the slopes at both ends. */
  async function repeatedStep(state: SamplerState, denoise: Denoiser): Promise<SamplerState> {
    const to = levels[state.step]!;
    const slope = await slopeAt(state.x, to, denoise);
    const mean = combine([1 / 2, slope], [1 / 2, state.history.at(-1)!]);
    return advance(state, transfer(state.anchor!, mean, levelAt(to.timestep + stride), to), { anchor: null });
  }

  async function multistep(state: SamplerState, denoise: Denoiser): Promise<SamplerState> {
    const from = levels[state.step]!;
    const history = remember(state.history, await slopeAt(state.x, from, denoise), 4);
    const x = transfer(state.x, extrapolate(history), from, levelAt(from.timestep - stride));
    return advance(state, x, { history, anchor: state.x });
  }

  return {
    levels,
    step(state, denoise) {
      if (rungeKutta && state.step < RUNGE_KUTTA_STEPS) return rungeKuttaStep(state, denoise);
      if (!rungeKutta && state.step === state.begin + 1) return repeatedStep(state, denoise);
      return multistep(state, denoise);
    },
  };
}

/** Adams–Bashforth weights for one to four slopes, newest last. */
const ADAMS_BASHFORTH = [
  [1],
  [-1 / 2, 3 / 2],
  [5 / 12, -16 / 12, 23 / 12],
  [-9 / 24, 37 / 24, -59 / 24, 55 / 24],
] as const;

function extrapolate(history: readonly Tensor[]): Tensor {
  const weights = ADAMS_BASHFORTH[history.length - 1]!;
  return combine(...history.map((slope, i) => [weights[i]!, slope] as const));
}

/** Equation 11 of the paper: x moved between two levels along a noise direction. */
function transferNoise(x: Tensor, noise: Tensor, from: NoiseLevel, to: NoiseLevel): Tensor {
  const denominator = from.alpha ** 2 * to.sigma + from.alpha * from.sigma * to.alpha;
  return combine([to.alpha / from.alpha, x], [-(to.alpha ** 2 - from.alpha ** 2) / denominator, noise]);
}

const asNoise = { from: noiseIn, toNoise: (_x: Tensor, noise: Tensor): Tensor => noise };

const asVelocity = {
  from: (x: Tensor, denoised: Tensor, { alpha, sigma }: NoiseLevel): Tensor =>
    combine([alpha / sigma, x], [-1 / sigma, denoised]),
  toNoise: (x: Tensor, velocity: Tensor, { alpha, sigma }: NoiseLevel): Tensor =>
    combine([alpha, velocity], [sigma, x]),
};
