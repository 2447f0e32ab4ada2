// Gaussian noise as an NVIDIA card draws it, without one: Philox 4x32-10 (Salmon et al. 2011, "Parallel random numbers: as
// easy as 1, 2, 3"), one counter per element, Box–Muller of the first two words. The convention of "NV" noise sources
// (AUTOMATIC1111 stable-diffusion-webui modules/rng_philox.py).
import { countOf, type Draw, type NoiseSource } from "./noise-source.ts";

export interface PhiloxState {
  /** The seed in decimal digits: 64 bits do not fit a JSON number. */
  readonly seed: string;
  /** How many tensors have been drawn. */
  readonly offset: number;
}

const ROUNDS = 10;
const INVERSE = Math.fround(2.3283064e-10); // 2^-32
const INVERSE_TWO_PI = Math.fround(2.3283064e-10 * 6.2831855);

/** `torch.Generator("cuda").manual_seed(seed)` for tensors that one launch of the kernel covers. */
export class PhiloxGenerator implements NoiseSource {
  readonly #seed: bigint;
  #offset = 0;

  /** @param seed 0 … 2^64-1, all bits used */
  constructor(seed: bigint) {
    this.#seed = BigInt.asUintN(64, seed);
  }

  /** A generator that goes on where `state` was taken. */
  static restore(state: PhiloxState): PhiloxGenerator {
    const generator = new PhiloxGenerator(BigInt(state.seed));
    generator.#offset = state.offset;
    return generator;
  }

  state(): PhiloxState {
    return { seed: this.#seed.toString(), offset: this.#offset };
  }

  /** Standard normal numbers; every call moves to the next offset, whatever its size. */
  randn(shape: readonly number[]): Draw {
    const key: [number, number] = [Number(this.#seed & 0xffffffffn), Number(this.#seed >> 32n)];
    const data = new Float32Array(countOf(shape));
    for (let i = 0; i < data.length; i++) {
      const [x, y] = philox4x32([this.#offset, 0, i, 0], key);
      data[i] = sineNormal(x, y);
    }
    this.#offset++;
    return { dtype: "f32", shape, data };
  }
}

type Words = [number, number, number, number];

/** Ten rounds of Philox on a counter of four words under a key of two. */
export function philox4x32(counter: Words, key: readonly [number, number]): Words {
  let [a, b, c, d] = counter;
  let [k0, k1] = key;
  for (let round = 0; round < ROUNDS; round++) {
    const [high0, low0] = multiply(0xd2511f53, a);
    const [high1, low1] = multiply(0xcd9e8d57, c);
    [a, b, c, d] = [(high1 ^ b ^ k0) >>> 0, low1, (high0 ^ d ^ k1) >>> 0, low0];
    k0 = (k0 + 0x9e3779b9) >>> 0;
    k1 = (k1 + 0xbb67ae85) >>> 0;
  }
  return [a, b, c, d];
}

/** The 64-bit product of two unsigned words, as [high, low]. */
function multiply(x: number, y: number): [number, number] {
  const low = Math.imul(x, y) >>> 0;
  const xl = x & 0xffff;
  const xh = x >>> 16;
  const yl = y & 0xffff;
  const yh = y >>> 16;
  const middle = xh * yl + ((xl * yl) >>> 16);
  const cross = xl * yh + (middle & 0xffff);
  const high = xh * yh + Math.floor(middle / 65536) + Math.floor(cross / 65536);
  return [high >>> 0, low];
}

function sineNormal(x: number, y: number): number {
  const u = x * INVERSE + INVERSE / 2;
  const v = y * INVERSE_TWO_PI + INVERSE_TWO_PI / 2;
  return Math.sqrt(-2 * Math.log(u)) * Math.sin(v);
}
