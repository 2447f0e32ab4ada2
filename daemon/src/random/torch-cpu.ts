// Random numbers as torch's CPU generator draws them: one seed, one order of calls, the same numbers.
// Source: pytorch aten/src/ATen/core/{MT19937RNGEngine,DistributionsHelper,TransformationHelper}.h and
// aten/src/ATen/native/cpu/DistributionTemplates.h.
import { MersenneTwister, type TwisterState } from "./mt19937.ts";
import { countOf, type Draw, type NoiseSource } from "./noise-source.ts";

/** Where a generator stands, as plain data for checkpoints. */
export interface TorchGeneratorState {
  readonly twister: TwisterState;
  /** The second number of the last Box–Muller pair, when it has not been handed out yet. */
  readonly cachedNormal: number | null;
}

/** From this many numbers on torch fills whole blocks of 16 from uniforms drawn first. */
const BLOCK = 16;

const f32 = Math.fround;

/** `torch.Generator("cpu").manual_seed(seed)`. Only the low 32 bits of the seed reach the twister, as in torch. */
export class TorchGenerator implements NoiseSource {
  readonly #twister: MersenneTwister;
  #cachedNormal: number | null = null;

  /** @param seed 0 … 2^64-1 */
  constructor(seed: bigint) {
    this.#twister = new MersenneTwister(Number(BigInt.asUintN(32, seed)));
  }

  /** A generator that goes on where `state` was taken. */
  static restore(state: TorchGeneratorState): TorchGenerator {
    const generator = new TorchGenerator(0n);
    generator.#twister.restore(state.twister);
    generator.#cachedNormal = state.cachedNormal;
    return generator;
  }

  state(): TorchGeneratorState {
    return { twister: this.#twister.state(), cachedNormal: this.#cachedNormal };
  }

  /** `torch.randn(shape)` in float32; equal to torch up to the last bits of its vectorised log and cos. */
  randn(shape: readonly number[]): Draw {
    const data = new Float32Array(countOf(shape));
    if (data.length < BLOCK) data.forEach((_, i) => (data[i] = this.#normal()));
    else this.#fillBlocks(data, () => this.#uniform32(), boxMuller32);
    return { dtype: "f32", shape, data };
  }

  /** `torch.randn(shape, dtype=torch.float64)` */
  randn64(shape: readonly number[]): Float64Array {
    const data = new Float64Array(countOf(shape));
    if (data.length < BLOCK) data.forEach((_, i) => (data[i] = this.#normal()));
    else this.#fillBlocks(data, () => this.#uniform64(), boxMuller64);
    return data;
  }

  /** `torch.rand(shape)`: uniform in [0, 1) on 24 bits. */
  rand(shape: readonly number[]): Draw {
    const data = new Float32Array(countOf(shape));
    data.forEach((_, i) => (data[i] = this.#uniform32()));
    return { dtype: "f32", shape, data };
  }

  /** `torch.randint(low, high, [count])`: integers of [low, high), with `high - low` up to 2^53. */
  randint(low: number, high: number, count: number): number[] {
    const range = high - low;
    const wide = range >= 2 ** 28;
    return Array.from({ length: count }, () =>
      wide ? Number(this.#uint64() % BigInt(range)) + low : (this.#twister.uint32() % range) + low,
    );
  }

  /** `torch.randperm(count)`: Fisher–Yates from the front. */
  randperm(count: number): number[] {
    const order = Array.from({ length: count }, (_, i) => i);
    for (let i = 0; i < count - 1; i++) {
      const j = i + (this.#twister.uint32() % (count - i));
      [order[i], order[j]] = [order[j]!, order[i]!];
    }
    return order;
  }

  #uint64(): bigint {
    const high = BigInt(this.#twister.uint32());
    return (high << 32n) | BigInt(this.#twister.uint32());
  }

  #uniform32(): number {
    return (this.#twister.uint32() & 0xffffff) * 2 ** -24;
  }

  #uniform64(): number {
    const high = this.#twister.uint32() & 0x1fffff;
    return (high * 2 ** 32 + this.#twister.uint32()) * 2 ** -53;
  }

  /** One normal of the scalar path: a Box–Muller pair in double precision, the sine kept for the next call. */
  #normal(): number {
    if (this.#cachedNormal !== null) {
      const cached = this.#cachedNormal;
      this.#cachedNormal = null;
      return cached;
    }
    const theta = 2 * Math.PI * this.#uniform64();
    const radius = Math.sqrt(-2 * Math.log1p(-this.#uniform64()));
    this.#cachedNormal = radius * Math.sin(theta);
    return radius * Math.cos(theta);
  }

  /** The block path: all uniforms first, each block of 16 turned in place; a ragged end draws its last 16 anew. */
  #fillBlocks<A extends Float32Array | Float64Array>(data: A, uniform: () => number, turn: (block: A) => void): void {
    const block = (start: number): A => data.subarray(start, start + BLOCK) as A;
    for (let i = 0; i < data.length; i++) data[i] = uniform();
    for (let start = 0; start + BLOCK <= data.length; start += BLOCK) turn(block(start));
    if (data.length % BLOCK === 0) return;
    const tail = block(data.length - BLOCK);
    for (let i = 0; i < BLOCK; i++) tail[i] = uniform();
    turn(tail);
  }
}

/** Eight pairs (j, j + 8) of uniforms to normals, rounded where torch's float32 code rounds. */
function boxMuller32(block: Float32Array): void {
  for (let j = 0; j < BLOCK / 2; j++) {
    const radius = f32(Math.sqrt(f32(-2 * f32(Math.log(1 - block[j]!)))));
    const theta = f32(f32(2 * Math.PI) * block[j + BLOCK / 2]!);
    block[j] = radius * f32(Math.cos(theta));
    block[j + BLOCK / 2] = radius * f32(Math.sin(theta));
  }
}

function boxMuller64(block: Float64Array): void {
  for (let j = 0; j < BLOCK / 2; j++) {
    const radius = Math.sqrt(-2 * Math.log(1 - block[j]!));
    const theta = 2 * Math.PI * block[j + BLOCK / 2]!;
    block[j] = radius * Math.cos(theta);
    block[j + BLOCK / 2] = radius * Math.sin(theta);
  }
}
