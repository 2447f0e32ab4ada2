// Host tensors: dtype, shape and a typed array in row-major order.

/** Element types that can cross between JavaScript and the engine, or lie in a weights file. */
export type DType = "f64" | "f32" | "f16" | "bf16" | "i64" | "i32" | "i8" | "u8" | "bool";

export type Shape = readonly number[];

/** Bytes of one element. */
export const BYTES: Record<DType, number> = { f64: 8, f32: 4, f16: 2, bf16: 2, i64: 8, i32: 4, i8: 1, u8: 1, bool: 1 };

interface Arrays {
  f64: Float64Array;
  f32: Float32Array;
  f16: Uint16Array;
  bf16: Uint16Array;
  i64: BigInt64Array;
  i32: Int32Array;
  i8: Int8Array;
  u8: Uint8Array;
  bool: Uint8Array;
}

/** A tensor in memory. f16 and bf16 hold raw bits. */
export interface Tensor<D extends DType = "f32"> {
  readonly dtype: D;
  readonly shape: Shape;
  readonly data: Arrays[D];
}

/** Number of elements of a shape; 1 for a scalar. */
export const sizeOf = (shape: Shape): number => shape.reduce((a, b) => a * b, 1);

/** An f32 tensor over `data`. @throws RangeError when the length does not fit the shape */
export function tensor(data: Float32Array | readonly number[], shape: Shape = [data.length]): Tensor {
  if (data.length !== sizeOf(shape)) throw new RangeError(`${data.length} numbers do not fill ${formatShape(shape)}`);
  return { dtype: "f32", shape, data: data instanceof Float32Array ? data : Float32Array.from(data) };
}

/** An i64 tensor. */
export function tensorI64(values: readonly number[], shape: Shape = [values.length]): Tensor<"i64"> {
  if (values.length !== sizeOf(shape))
    throw new RangeError(`${values.length} numbers do not fill ${formatShape(shape)}`);
  return { dtype: "i64", shape, data: BigInt64Array.from(values, BigInt) };
}

export const zeros = (shape: Shape): Tensor => tensor(new Float32Array(sizeOf(shape)), shape);

export const full = (shape: Shape, value: number): Tensor => tensor(new Float32Array(sizeOf(shape)).fill(value), shape);

/** The same numbers under another shape. */
export const reshape = (x: Tensor, shape: Shape): Tensor => tensor(x.data, shape);

/** f(x) elementwise, into a new tensor. */
export function map(x: Tensor, f: (value: number, index: number) => number): Tensor {
  return tensor(x.data.map(f), x.shape);
}

/** The weighted sum Σ wᵢ·xᵢ of tensors of one shape, accumulated in double precision. Terms of weight 0 are left out. */
export function combine(...terms: readonly (readonly [weight: number, x: Tensor])[]): Tensor {
  const [first] = terms;
  if (!first) throw new RangeError("combine needs a term");
  const used = terms.filter(([weight]) => weight !== 0);
  const out = new Float32Array(first[1].data.length);
  for (const [, x] of used) requireSameShape(first[1], x);
  for (let i = 0; i < out.length; i++) {
    let sum = 0;
    for (const [weight, x] of used) sum += weight * x.data[i]!;
    out[i] = sum;
  }
  return tensor(out, first[1].shape);
}

/** w·x */
export const scale = (x: Tensor, weight: number): Tensor => map(x, (v) => v * weight);

/** Tensors joined along their first axis; the other axes must agree. */
export function concat(parts: readonly Tensor[]): Tensor {
  const [first] = parts;
  if (!first) throw new RangeError("concat needs a tensor");
  const rest = first.shape.slice(1);
  const rows = parts.map((part) => {
    if (formatShape(part.shape.slice(1)) !== formatShape(rest))
      throw new RangeError(`cannot join ${formatShape(part.shape)} to ${formatShape(first.shape)}`);
    return part.shape[0]!;
  });
  const data = new Float32Array(parts.reduce((n, part) => n + part.data.length, 0));
  let offset = 0;
  for (const part of parts) {
    data.set(part.data, offset);
    offset += part.data.length;
  }
  return tensor(data, [rows.reduce((a, b) => a + b, 0), ...rest]);
}

/** Rows [start, end) of the first axis. */
export function rows(x: Tensor, start: number, end = start + 1): Tensor {
  const stride = x.data.length / (x.shape[0] ?? 1);
  return tensor(x.data.slice(start * stride, end * stride), [end - start, ...x.shape.slice(1)]);
}

/** A tensor cut into equal parts along its first axis. */
export function chunk(x: Tensor, parts: number): Tensor[] {
  const size = x.shape[0]! / parts;
  return Array.from({ length: parts }, (_, i) => rows(x, i * size, (i + 1) * size));
}

/** One picture's channels (1, c, …) cut into equal parts, each (1, c/parts, …). */
export const chunkChannels = (x: Tensor, parts: number): Tensor[] =>
  chunk(reshape(x, x.shape.slice(1)), parts).map((part) => reshape(part, [1, ...part.shape]));

/** Parts of one picture, (1, c, …) each, joined along their channels. */
export function joinChannels(parts: readonly Tensor[]): Tensor {
  const joined = concat(parts.map((part) => reshape(part, part.shape.slice(1))));
  return reshape(joined, [1, ...joined.shape]);
}

/** Population mean and standard deviation. */
export function meanAndDeviation(x: Tensor): { mean: number; deviation: number } {
  let sum = 0;
  let squares = 0;
  for (const value of x.data) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / x.data.length;
  return { mean, deviation: Math.sqrt(Math.max(0, squares / x.data.length - mean * mean)) };
}

export const isFinite = (x: Tensor): boolean => x.data.every(Number.isFinite);

/** `[1, 4, 64, 64]` */
export const formatShape = (shape: Shape): string => `[${shape.join(", ")}]`;

function requireSameShape(a: Tensor, b: Tensor): void {
  if (a.data.length !== b.data.length)
    throw new RangeError(`shapes ${formatShape(a.shape)} and ${formatShape(b.shape)} differ`);
}
