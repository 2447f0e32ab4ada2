// Where Gaussian noise comes from: the contract between the generators and everything that consumes noise.

/** Standard normal numbers under a shape. Structurally an f32 host tensor; random/ stands beside tensor/ and imports nothing of it. */
export interface Draw {
  readonly dtype: "f32";
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** A stream of standard normal draws. Each call continues the stream; `state()` is plain data from which it can go on. */
export interface NoiseSource {
  randn(shape: readonly number[]): Draw;
  state(): unknown;
}

/** Increments of one Brownian path over an interval of noise levels, divided by the root of its length: standard normal,
 * and for overlapping intervals correlated as the path demands. Sign follows the direction. */
export type BrownianNoise = (shape: readonly number[], from: number, to: number) => Draw;

/** Number of elements of a shape. */
export const countOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
