// What the operators of the self-test should give, in double precision and in the plainest way.
import type { Tensor } from "../tensor/tensor.ts";

/** Elementwise functions. */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
export const silu = (x: number): number => x * sigmoid(x);
export const quickGelu = (x: number): number => x * sigmoid(1.702 * x);
export const gelu = (x: number): number => 0.5 * x * (1 + erf(x / Math.SQRT2));
export const geluTanh = (x: number): number =>
  0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));

/** The Maclaurin series of erf; exact to double precision for |x| < 4. */
function erf(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; n < 100; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

/** A row with mean 0 and variance 1. */
export function normalised(row: readonly number[], epsilon: number): number[] {
  const mean = row.reduce((a, b) => a + b, 0) / row.length;
  const variance = row.reduce((sum, x) => sum + (x - mean) ** 2, 0) / row.length;
  return row.map((x) => (x - mean) / Math.sqrt(variance + epsilon));
}

export function softmax(row: readonly number[]): number[] {
  const largest = Math.max(...row);
  const exps = row.map((x) => Math.exp(x - largest));
  const sum = exps.reduce((a, b) => a + b, 0);
  return exps.map((x) => x / sum);
}

/** Consecutive runs of `length` numbers. */
export function rowsOf(x: Tensor, length: number): number[][] {
  return Array.from({ length: x.data.length / length }, (_, i) => [...x.data.subarray(i * length, (i + 1) * length)]);
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, i) => sum + x * b[i]!, 0);

/** x (…, in), W (out, in), b (out) → (…, out) */
export function linear(x: Tensor, weight: Tensor, bias: Tensor): number[] {
  const columns = rowsOf(weight, weight.shape[1]!);
  return rowsOf(x, weight.shape[1]!).flatMap((row) => columns.map((column, i) => dot(row, column) + bias.data[i]!));
}

/** q (b, n, heads·d), k and v (b, m, heads·d) → (b, n, heads·d) */
export function attention(q: Tensor, k: Tensor, v: Tensor, heads: number): number[] {
  const [, n, width] = q.shape as [number, number, number];
  const m = k.shape[1]!;
  const d = width / heads;
  const headsOf = (x: Tensor) => rowsOf(x, d); // row (sample·length + position)·heads + head
  const [queries, keys, values] = [headsOf(q), headsOf(k), headsOf(v)];
  return queries.flatMap((query, row) => {
    const [head, sample] = [row % heads, Math.floor(row / (heads * n))];
    const ofHead = (all: readonly number[][]) =>
      Array.from({ length: m }, (_, position) => all[(sample * m + position) * heads + head]!);
    const weights = softmax(ofHead(keys).map((key) => dot(query, key) / Math.sqrt(d)));
    const columns = ofHead(values);
    return query.map((_, i) => weights.reduce((sum, weight, position) => sum + weight * columns[position]![i]!, 0));
  });
}

/** x (b, c, h, w) */
export function groupNorm(x: Tensor, gamma: Tensor, beta: Tensor, groups: number, epsilon: number): number[] {
  const [, c, h, w] = x.shape as [number, number, number, number];
  const values = rowsOf(x, (c / groups) * h * w).flatMap((row) => normalised(row, epsilon));
  return values.map((value, i) => {
    const channel = Math.floor(i / (h * w)) % c;
    return value * gamma.data[channel]! + beta.data[channel]!;
  });
}

/** Over the last axis. */
export function layerNorm(x: Tensor, gamma: Tensor, beta: Tensor, epsilon: number): number[] {
  return rowsOf(x, gamma.data.length).flatMap((row) =>
    normalised(row, epsilon).map((value, i) => value * gamma.data[i]! + beta.data[i]!),
  );
}

/** x (b, c, h, w), W (out, c, 3, 3), padding 1. */
export function conv3x3(x: Tensor, weight: Tensor, bias: Tensor, stride: number): number[] {
  const [b, c, h, w] = x.shape as [number, number, number, number];
  const out = weight.shape[0]!;
  const [height, width] = [h, w].map((size) => Math.floor((size - 1) / stride) + 1) as [number, number];
  const at = (sample: number, channel: number, row: number, column: number) =>
    row < 0 || row >= h || column < 0 || column >= w ? 0 : x.data[((sample * c + channel) * h + row) * w + column]!;
  return Array.from({ length: b * out * height * width }, (_, i) => {
    const [column, row] = [i % width, Math.floor(i / width) % height];
    const [o, sample] = [Math.floor(i / (width * height)) % out, Math.floor(i / (width * height * out))];
    let sum = bias.data[o]!;
    for (let k = 0; k < c * 9; k++) {
      const [channel, dy, dx] = [Math.floor(k / 9), Math.floor((k % 9) / 3), k % 3];
      sum += weight.data[o * c * 9 + k]! * at(sample, channel, row * stride + dy - 1, column * stride + dx - 1);
    }
    return sum;
  });
}

/** Each pixel of (…, h, w) twice in both directions. */
export function doubled(x: Tensor): number[] {
  const w = x.shape.at(-1)!;
  return rowsOf(x, w).flatMap((row) => {
    const wide = row.flatMap((value) => [value, value]);
    return [...wide, ...wide];
  });
}
