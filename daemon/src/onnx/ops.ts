// Typed ONNX operators (opset 21 and com.microsoft): each infers dtype and shape when it is written, and throws there.
import type { DType, Shape } from "../tensor/tensor.ts";
import { BYTES, formatShape, sizeOf } from "../tensor/tensor.ts";
import type { Attributes, Value } from "./graph.ts";
import { float, GraphError, int, ints, node, string } from "./graph.ts";

// ---- constants ------------------------------------------------------------------------------------------------------

/** A constant of floats (f32). */
export const constant = (values: readonly number[], shape: Shape = []): Value =>
  rawConstant("f32", shape, new Uint8Array(Float32Array.from(values).buffer), values.length);

/** A constant of integers (i64), as shapes and indices want them. */
export const constantI64 = (values: readonly number[], shape: Shape = [values.length]): Value =>
  rawConstant("i64", shape, new Uint8Array(BigInt64Array.from(values, BigInt).buffer), values.length);

/** A constant of bytes (u8 or i8). */
export const constantBytes = (dtype: "u8" | "i8", values: readonly number[], shape: Shape = []): Value =>
  rawConstant(dtype, shape, Uint8Array.from(values), values.length);

function rawConstant(dtype: DType, shape: Shape, data: Uint8Array, count: number): Value {
  if (count !== sizeOf(shape) || data.length !== count * BYTES[dtype])
    throw new GraphError(`${count} values do not fill a constant of ${formatShape(shape)}`);
  return { dtype, shape, origin: { kind: "constant", data } };
}

const zeros = (n: number) => Array.from({ length: n }, () => 0);
const ones = (n: number) => Array.from({ length: n }, () => 1);

// ---- elementwise ----------------------------------------------------------------------------------------------------

const unary =
  (opType: string) =>
  (x: Value): Value =>
    single(opType, [x], x.dtype, x.shape);

export const sqrt = unary("Sqrt");
export const reciprocal = unary("Reciprocal");
export const exp = unary("Exp");
export const log = unary("Log");
export const sin = unary("Sin");
export const cos = unary("Cos");
export const tanh = unary("Tanh");
export const sigmoid = unary("Sigmoid");
export const relu = unary("Relu");
export const neg = unary("Neg");
export const abs = unary("Abs");
export const round = unary("Round");
export const erf = unary("Erf");

const binary =
  (opType: string) =>
  (a: Value, b: Value): Value => {
    requireDType(opType, a, b.dtype);
    return single(opType, [a, b], a.dtype, broadcast(opType, a.shape, b.shape));
  };

export const add = binary("Add");
export const sub = binary("Sub");
export const mul = binary("Mul");
export const div = binary("Div");
export const pow = binary("Pow");
export const max = binary("Max");
export const min = binary("Min");

/** x·scalar */
export const scale = (x: Value, by: number): Value => mul(x, constant([by]));

export const gelu = (x: Value, approximate: "none" | "tanh" = "none"): Value =>
  single("Gelu", [x], x.dtype, x.shape, approximate === "none" ? {} : { approximate: string(approximate) });

export const clip = (x: Value, low: number, high: number): Value =>
  single("Clip", [x, constant([low]), constant([high])], x.dtype, x.shape);

export function cast(x: Value, to: DType): Value {
  if (x.dtype === to) return x;
  return single("Cast", [x], to, x.shape, { to: int(ONNX_DTYPES[to]) });
}

/** The dtype numbers of TensorProto.DataType. */
export const ONNX_DTYPES: Record<DType, number> = {
  f32: 1,
  u8: 2,
  i8: 3,
  i32: 6,
  i64: 7,
  bool: 9,
  f16: 10,
  f64: 11,
  bf16: 16,
};

// ---- linear algebra -------------------------------------------------------------------------------------------------

/** a @ b over the last two axes, leading axes broadcast. */
export const matMul = (a: Value, b: Value): Value => single("MatMul", [a, b], a.dtype, matMulShape("MatMul", a, b));

function matMulShape(opType: string, a: Value, b: Value): Shape {
  requireRank(opType, a, 2);
  requireRank(opType, b, 2);
  const [m, k] = a.shape.slice(-2) as [number, number];
  const [k2, n] = b.shape.slice(-2) as [number, number];
  if (k !== k2) throw new GraphError(`${opType}: ${formatShape(a.shape)} @ ${formatShape(b.shape)}`);
  return [...broadcast(opType, a.shape.slice(0, -2), b.shape.slice(0, -2)), m, n];
}

export interface ConvOptions {
  readonly strides?: readonly [number, number];
  /** top, left, bottom, right */
  readonly pads?: readonly [number, number, number, number];
  readonly group?: number;
}

/** 2-D convolution: x (b, c, h, w), w (out, c/group, kh, kw), bias (out). */
export function conv(
  x: Value,
  w: Value,
  bias?: Value,
  { strides = [1, 1], pads = [0, 0, 0, 0], group = 1 }: ConvOptions = {},
): Value {
  const [b, c, h, width] = dims("Conv", x, 4);
  const [out, cIn, kh, kw] = dims("Conv", w, 4);
  if (c !== cIn! * group) throw new GraphError(`Conv: ${formatShape(x.shape)} by weights ${formatShape(w.shape)}`);
  const side = (size: number, kernel: number, pad: number, stride: number) =>
    Math.floor((size + pad - kernel) / stride) + 1;
  const shape = [
    b!,
    out!,
    side(h!, kh!, pads[0] + pads[2], strides[0]),
    side(width!, kw!, pads[1] + pads[3], strides[1]),
  ];
  return single("Conv", [x, w, bias], x.dtype, shape, {
    kernel_shape: ints([kh!, kw!]),
    strides: ints(strides),
    pads: ints(pads),
    ...(group === 1 ? {} : { group: int(group) }),
  });
}

// ---- shape ----------------------------------------------------------------------------------------------------------

/** The same elements in another shape; one -1 is inferred. */
export function reshape(x: Value, shape: Shape): Value {
  const known = shape.filter((d) => d !== -1);
  const full = shape.map((d) => (d === -1 ? sizeOf(x.shape) / sizeOf(known) : d));
  if (sizeOf(full) !== sizeOf(x.shape) || !full.every(Number.isInteger) || shape.length - known.length > 1)
    throw new GraphError(`Reshape: ${formatShape(x.shape)} to ${formatShape(shape)}`);
  return single("Reshape", [x, constantI64(full)], x.dtype, full, full.includes(0) ? { allowzero: int(1) } : {});
}

export function transpose(x: Value, perm: readonly number[]): Value {
  if ([...perm].sort((a, b) => a - b).some((p, i) => p !== i) || perm.length !== x.shape.length)
    throw new GraphError(`Transpose: [${perm.join(", ")}] of ${formatShape(x.shape)}`);
  return single(
    "Transpose",
    [x],
    x.dtype,
    perm.map((p) => x.shape[p]!),
    { perm: ints(perm) },
  );
}

export function concat(parts: readonly Value[], axis: number): Value {
  const [first] = parts;
  if (!first) throw new GraphError("Concat of nothing");
  const at = axisOf("Concat", first, axis);
  for (const part of parts) {
    requireDType("Concat", part, first.dtype);
    if (part.shape.length !== first.shape.length || part.shape.some((d, i) => i !== at && d !== first.shape[i]))
      throw new GraphError(`Concat: ${formatShape(first.shape)} with ${formatShape(part.shape)} on axis ${axis}`);
  }
  const length = parts.reduce((sum, part) => sum + part.shape[at]!, 0);
  return single("Concat", parts, first.dtype, first.shape.with(at, length), { axis: int(axis) });
}

/** x[start:end:step] along one axis; `end` may be beyond it. */
export function slice(x: Value, axis: number, start: number, end: number, step = 1): Value {
  const at = axisOf("Slice", x, axis);
  const size = x.shape[at]!;
  const from = Math.min(start < 0 ? start + size : start, size);
  const to = Math.min(end < 0 ? end + size : end, size);
  const operands = [[start], [end], [at], [step]].map((v) => constantI64(v));
  return single("Slice", [x, ...operands], x.dtype, x.shape.with(at, Math.max(0, Math.ceil((to - from) / step))));
}

/** Equal parts along an axis. */
export function split(x: Value, parts: number, axis: number): Value[] {
  const at = axisOf("Split", x, axis);
  const size = x.shape[at]! / parts;
  if (!Number.isInteger(size)) throw new GraphError(`Split: ${formatShape(x.shape)} into ${parts} on axis ${axis}`);
  const outputs = Array.from({ length: parts }, () => ({ dtype: x.dtype, shape: x.shape.with(at, size) }));
  return node("Split", [x], outputs, { axis: int(axis), num_outputs: int(parts) });
}

export function unsqueeze(x: Value, axis: number): Value {
  return reshape(x, x.shape.toSpliced(axis < 0 ? axis + x.shape.length + 1 : axis, 0, 1));
}

export const expand = (x: Value, shape: Shape): Value =>
  single("Expand", [x, constantI64(shape)], x.dtype, broadcast("Expand", x.shape, shape));

/** Rows of `table` by index: table (n, …), indices any shape. */
export const gather = (table: Value, indices: Value, axis = 0): Value => {
  const at = axisOf("Gather", table, axis);
  return single("Gather", [table, indices], table.dtype, table.shape.toSpliced(at, 1, ...indices.shape), {
    axis: int(axis),
  });
};

/** Padding of the two last axes. */
export function pad(
  x: Value,
  pads: readonly [top: number, left: number, bottom: number, right: number],
  value?: Value,
): Value {
  const rank = x.shape.length;
  const [top, left, bottom, right] = pads;
  const lead = zeros(rank - 2);
  const shape = x.shape
    .with(rank - 2, x.shape[rank - 2]! + top + bottom)
    .with(rank - 1, x.shape[rank - 1]! + left + right);
  return single("Pad", [x, constantI64([...lead, top, left, ...lead, bottom, right]), value], x.dtype, shape);
}

/** Nearest-neighbour resampling of the two last axes to (height, width), as torch's `interpolate(mode="nearest")`. */
export function resizeNearest(x: Value, height: number, width: number): Value {
  const shape = [...x.shape.slice(0, -2), height, width];
  return single("Resize", [x, undefined, undefined, constantI64(shape)], x.dtype, shape, {
    mode: string("nearest"),
    coordinate_transformation_mode: string("asymmetric"),
    nearest_mode: string("floor"),
  });
}

// ---- reductions and norms -------------------------------------------------------------------------------------------

const reduce =
  (opType: string) =>
  (x: Value, axes: readonly number[]): Value => {
    const at = new Set(axes.map((axis) => axisOf(opType, x, axis)));
    const shape = x.shape.map((d, i) => (at.has(i) ? 1 : d));
    return single(opType, [x, constantI64(axes)], x.dtype, shape, { keepdims: int(1) });
  };

/** Reductions keep the reduced axes as 1. */
export const reduceMean = reduce("ReduceMean");
export const reduceSum = reduce("ReduceSum");
export const reduceMax = reduce("ReduceMax");

export const softmax = (x: Value, axis = -1): Value => single("Softmax", [x], x.dtype, x.shape, { axis: int(axis) });

/** Normalises each (sample, channel) over the axes after them: x (b, c, …), γ and β (c). */
export function instanceNormalization(x: Value, gamma: Value, beta: Value, epsilon: number): Value {
  requireVector("InstanceNormalization", x, gamma, beta);
  return single("InstanceNormalization", [x, gamma, beta], x.dtype, x.shape, { epsilon: float(epsilon) });
}

/** (x − mean)/√(variance + ε)·γ + β per channel, with given statistics. */
export function batchNormalization(
  x: Value,
  gamma: Value,
  beta: Value,
  mean: Value,
  variance: Value,
  epsilon: number,
): Value {
  requireVector("BatchNormalization", x, gamma, beta, mean, variance);
  return single("BatchNormalization", [x, gamma, beta, mean, variance], x.dtype, x.shape, { epsilon: float(epsilon) });
}

/** Over the last axis. */
export const layerNormalization = (x: Value, gamma: Value, beta: Value | undefined, epsilon: number): Value =>
  single("LayerNormalization", [x, gamma, beta], x.dtype, x.shape, { axis: int(-1), epsilon: float(epsilon) });

// ---- com.microsoft --------------------------------------------------------------------------------------------------

/** x·sigmoid(αx); α = 1 is SiLU. */
export const quickGelu = (x: Value, alpha: number): Value =>
  contrib("QuickGelu", [x], x.dtype, x.shape, { alpha: float(alpha) });

/**
 * softmax(q·kᵀ/√d)·v in one node: q (b, n, heads·d), k and v (b, m, heads·d) → (b, n, heads·d).
 * `scale` replaces 1/√d.
 */
export function multiHeadAttention(q: Value, k: Value, v: Value, heads: number, scale?: number): Value {
  const [b, n, width] = dims("MultiHeadAttention", q, 3);
  const [bk, m, widthK] = dims("MultiHeadAttention", k, 3);
  if (b !== bk || width !== widthK || width! % heads || formatShape(v.shape) !== formatShape([b!, m!, width!]))
    throw new GraphError(
      `MultiHeadAttention: ${[q, k, v].map((x) => formatShape(x.shape)).join(", ")}, ${heads} heads`,
    );
  const attributes = { num_heads: int(heads), ...(scale === undefined ? {} : { scale: float(scale) }) };
  return contrib("MultiHeadAttention", [q, k, v], q.dtype, [b!, n!, width!], attributes);
}

/** u8 a (…, k) by s8 b (k, n) to f32, with a scale and zero point of a, and a scale per column of b. */
export const matMulIntegerToFloat = (
  a: Value,
  b: Value,
  aScale: Value,
  bScale: Value,
  aZero: Value,
  bias?: Value,
): Value =>
  contrib(
    "MatMulIntegerToFloat",
    [a, b, aScale, bScale, aZero, undefined, bias],
    "f32",
    matMulShape("MatMulIntegerToFloat", a, b),
  );

/** x to u8 with one scale and zero point found on the fly. */
export function dynamicQuantizeLinear(x: Value): { quantized: Value; scale: Value; zeroPoint: Value } {
  const [quantized, scale, zeroPoint] = node(
    "DynamicQuantizeLinear",
    [x],
    [
      { dtype: "u8", shape: x.shape },
      { dtype: "f32", shape: [] },
      { dtype: "u8", shape: [] },
    ],
  ) as [Value, Value, Value];
  return { quantized, scale, zeroPoint };
}

// ---- inference ------------------------------------------------------------------------------------------------------

function single(
  opType: string,
  inputs: readonly (Value | undefined)[],
  dtype: DType,
  shape: Shape,
  attributes: Attributes = {},
): Value {
  return node(opType, inputs, [{ dtype, shape }], attributes)[0]!;
}

function contrib(
  opType: string,
  inputs: readonly (Value | undefined)[],
  dtype: DType,
  shape: Shape,
  attributes: Attributes = {},
): Value {
  return node(opType, inputs, [{ dtype, shape }], attributes, "com.microsoft")[0]!;
}

/** numpy broadcasting of two shapes. */
function broadcast(opType: string, a: Shape, b: Shape): Shape {
  const rank = Math.max(a.length, b.length);
  const [left, right] = [a, b].map((s) => [...ones(rank - s.length), ...s]) as [number[], number[]];
  return left.map((d, i) => {
    if (d !== right[i] && d !== 1 && right[i] !== 1)
      throw new GraphError(`${opType}: ${formatShape(a)} and ${formatShape(b)} do not broadcast`);
    return d === 1 ? right[i]! : d;
  });
}

function axisOf(opType: string, x: Value, axis: number): number {
  const at = axis < 0 ? axis + x.shape.length : axis;
  if (at < 0 || at >= x.shape.length) throw new GraphError(`${opType}: no axis ${axis} in ${formatShape(x.shape)}`);
  return at;
}

function dims(opType: string, x: Value, rank: number): Shape {
  if (x.shape.length !== rank) throw new GraphError(`${opType} wants ${rank} axes, not ${formatShape(x.shape)}`);
  return x.shape;
}

function requireRank(opType: string, x: Value, least: number): void {
  if (x.shape.length < least)
    throw new GraphError(`${opType} wants at least ${least} axes, not ${formatShape(x.shape)}`);
}

function requireDType(opType: string, x: Value, dtype: DType): void {
  if (x.dtype !== dtype) throw new GraphError(`${opType}: ${x.dtype} where ${dtype} is needed`);
}

function requireVector(opType: string, x: Value, ...vectors: readonly Value[]): void {
  const channels = x.shape[1]!;
  for (const vector of vectors)
    if (vector.shape.length !== 1 || vector.shape[0] !== channels)
      throw new GraphError(`${opType}: ${formatShape(vector.shape)} for ${channels} channels`);
}
