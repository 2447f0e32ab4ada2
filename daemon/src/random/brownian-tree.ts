// A Brownian path as torchsde's BrownianInterval with a halfway tree draws it, which k-diffusion, ComfyUI and diffusers use for SDE
// samplers: a pure function of seed and interval, whatever was asked before.
import { countOf, type BrownianNoise } from "./noise-source.ts";
import { seedSequence } from "./seed-sequence.ts";
import { TorchGenerator } from "./torch-cpu.ts";

/** Entropy words and resolution that k-diffusion asks of torchsde. */
const POOL_SIZE = 24;
const DIGITS = 6;

/** Points whose values are kept: the steps of a sampler share their ends, and finding a value anew is slow. */
const REMEMBERED = 3;

/**
 * The path over sigmas from `lowest` to `highest`; sigmas beyond are taken as the ends.
 * @param seed a non-negative integer
 */
export function brownianTree(seed: bigint, lowest: number, highest: number): BrownianNoise {
  const [start, end] = [rounded(lowest), rounded(highest)];
  const recent = new Map<string, Float64Array>();
  const at = (sigma: number, shape: readonly number[]): Float64Array => {
    const point = rounded(Math.min(end, Math.max(start, sigma)));
    const key = [point, ...shape].join();
    const value = recent.get(key) ?? pathAt(point, { seed, start, end, span: highest - lowest, shape });
    recent.delete(key);
    recent.set(key, value);
    if (recent.size > REMEMBERED) recent.delete(recent.keys().next().value!);
    return value;
  };
  return (shape, from, to) => {
    const [before, after] = [at(from, shape), at(to, shape)];
    const length = Math.sqrt(Math.abs(to - from));
    return { dtype: "f32", shape, data: Float32Array.from(after, (value, i) => (value - before[i]!) / length) };
  };
}

interface Path {
  readonly seed: bigint;
  readonly start: number;
  readonly end: number;
  /** Length of the whole interval before rounding: the variance of the whole increment. */
  readonly span: number;
  readonly shape: readonly number[];
}

/** The path's value at a point, 0 at its start: halving down to the point, with a Brownian bridge at each middle. */
function pathAt(point: number, { seed, start, end, span, shape }: Path): Float64Array {
  const value = new Float64Array(countOf(shape));
  if (point === start) return value;
  const normals = (key: readonly bigint[]): Float32Array =>
    new TorchGenerator(BigInt(seedSequence(seed, key, POOL_SIZE, 1)[0]!)).randn(shape).data;

  let [low, high] = [start, end];
  const increment = normals([]).map((n) => n * Math.sqrt(span));
  for (let node = 0n, depth = 0n; point !== high; depth++) {
    const middle = rounded((low + high) / 2);
    const bridge = normals([node, depth]);
    const [share, deviation] = [
      (middle - low) / (high - low),
      Math.sqrt(((middle - low) * (high - middle)) / (high - low)),
    ];
    const goesRight = point > middle;
    for (let i = 0; i < value.length; i++) {
      const left = share * increment[i]! + deviation * bridge[i]!;
      if (goesRight) value[i]! += left;
      increment[i] = goesRight ? increment[i]! - left : left;
    }
    [low, high] = goesRight ? [middle, high] : [low, middle];
    node = 2n * node + (goesRight ? 1n : 0n);
  }
  return value.map((sum, i) => sum + increment[i]!);
}

const rounded = (sigma: number): number => Number(sigma.toFixed(DIGITS));
