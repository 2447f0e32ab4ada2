// The runtime agrees with the shapes and element types that the op constructors infer, for every one of them; and with
// plain JavaScript about the numbers.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Value } from "../../../daemon/src/onnx/graph.ts";
import { graph, input } from "../../../daemon/src/onnx/graph.ts";
import * as op from "../../../daemon/src/onnx/ops.ts";
import { Engine } from "../../../daemon/src/runtime/engine.ts";
import type { AnyTensor } from "../../../daemon/src/runtime/protocol.ts";
import { sizeOf, tensor, tensorI64, type DType, type Shape } from "../../../daemon/src/tensor/tensor.ts";

let engine: Engine;
beforeAll(async () => (engine = await Engine.start({ target: "cpu", threads: 1 })));
afterAll(() => engine.close());

/** Distinct numbers with both signs, not whole. */
const floats = (...shape: number[]) =>
  tensor(
    Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i + 1) * 3),
    shape,
  );
const positive = (...shape: number[]) =>
  tensor(
    Array.from({ length: sizeOf(shape) }, (_, i) => 1.5 + Math.sin(i)),
    shape,
  );
const whole = (...shape: number[]) =>
  tensorI64(
    Array.from({ length: sizeOf(shape) }, (_, i) => (i * 7) % 11),
    shape,
  );
const bytes = (dtype: "u8" | "i8", ...shape: number[]): AnyTensor => {
  const values = Array.from({ length: sizeOf(shape) }, (_, i) => ((i * 37) % 200) - (dtype === "i8" ? 100 : 0));
  return dtype === "u8"
    ? { dtype, shape, data: Uint8Array.from(values) }
    : { dtype, shape, data: Int8Array.from(values) };
};

type Emit = (...inputs: Value[]) => Value | readonly Value[];

interface Row {
  readonly what: string;
  readonly feeds: readonly AnyTensor[];
  readonly emit: Emit;
  /** numbers of the first output */
  readonly gives?: readonly number[];
}

const f = Math.fround;
const numbers = (x: AnyTensor): number[] => Array.from(x.data as ArrayLike<number | bigint>, Number);

function unary(emit: Emit, of: (x: number) => number, x: AnyTensor = floats(2, 3)): Row[] {
  return [{ what: "elementwise", feeds: [x], emit, gives: numbers(x).map(of) }];
}

/** On equal shapes, on (2, 3) with (3), and on (2, 1) with (1, 3). */
function binary(emit: Emit, of: (a: number, b: number) => number, make = floats): Row[] {
  const [row, column, table] = [numbers(make(1, 3)), numbers(make(2, 1)), numbers(make(2, 3))];
  return [
    { what: "equal shapes", feeds: [make(2, 3), make(2, 3)], emit, gives: table.map((a) => of(a, a)) },
    { what: "a row", feeds: [make(2, 3), make(3)], emit, gives: table.map((a, i) => of(a, row[i % 3]!)) },
    {
      what: "a column and a row",
      feeds: [make(2, 1), make(1, 3)],
      emit,
      gives: column.flatMap((a) => row.map((b) => of(a, b))),
    },
  ];
}

const i64Too = (emit: Emit, of: (a: number, b: number) => number): Row => ({
  what: "whole numbers",
  feeds: [whole(2, 2), whole(2, 1)],
  emit,
  gives: numbers(whole(2, 2)).map((a, i) => of(a, numbers(whole(2, 1))[Math.floor(i / 2)]!)),
});

const sequence = (n: number) => Array.from({ length: n }, (_, i) => i);
const upTo = (...shape: number[]) => tensor(sequence(sizeOf(shape)), shape);

const halfEven = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
const erfOf = (x: number) => {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) sum += (term *= (-x * x) / n) / (2 * n + 1);
  return (2 / Math.sqrt(Math.PI)) * sum;
};
const sigmoidOf = (x: number) => 1 / (1 + Math.exp(-x));

const CAST_TYPES: readonly DType[] = ["f32", "f64", "i64", "i32", "i8", "u8", "bool"];

const TABLE: Record<Exclude<keyof typeof op, "ONNX_DTYPES">, Row[]> = {
  constant: [
    { what: "a scalar", feeds: [floats(2)], emit: (x) => [op.constant([3]), x], gives: [3] },
    { what: "a table", feeds: [], emit: () => op.constant([1, 2, 3, 4], [2, 2]), gives: [1, 2, 3, 4] },
  ],
  constantI64: [
    { what: "negative too", feeds: [], emit: () => op.constantI64([1, -2, 2 ** 40]), gives: [1, -2, 2 ** 40] },
  ],
  constantBytes: [
    { what: "u8", feeds: [], emit: () => op.constantBytes("u8", [0, 255], [2]), gives: [0, 255] },
    { what: "i8", feeds: [], emit: () => op.constantBytes("i8", [-128, 127], [1, 2]), gives: [-128, 127] },
  ],

  sqrt: unary(op.sqrt, Math.sqrt, positive(4)),
  reciprocal: unary(op.reciprocal, (x) => 1 / x),
  exp: unary(op.exp, Math.exp),
  log: unary(op.log, Math.log, positive(4)),
  sin: unary(op.sin, Math.sin),
  cos: unary(op.cos, Math.cos),
  tanh: unary(op.tanh, Math.tanh),
  sigmoid: unary(op.sigmoid, sigmoidOf),
  relu: unary(op.relu, (x) => Math.max(0, x)),
  neg: unary(op.neg, (x) => -x),
  abs: unary(op.abs, Math.abs),
  round: unary(op.round, halfEven, tensor([-2.5, -1.5, -0.4, 0.5, 1.5, 2.6])),
  erf: unary(op.erf, erfOf),
  gelu: [
    ...unary(
      (x) => op.gelu(x),
      (x) => 0.5 * x * (1 + erfOf(x / Math.SQRT2)),
    ),
    ...unary(
      (x) => op.gelu(x, "tanh"),
      (x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3))),
    ),
  ],
  quickGelu: unary(
    (x) => op.quickGelu(x, 1.702),
    (x) => x * sigmoidOf(1.702 * x),
  ),
  clip: unary(
    (x) => op.clip(x, -1, 2),
    (x) => Math.min(2, Math.max(-1, x)),
  ),
  scale: unary(
    (x) => op.scale(x, -2.5),
    (x) => -2.5 * x,
  ),

  add: [...binary(op.add, (a, b) => a + b), i64Too(op.add, (a, b) => a + b)],
  sub: [...binary(op.sub, (a, b) => a - b), i64Too(op.sub, (a, b) => a - b)],
  mul: [...binary(op.mul, (a, b) => a * b), i64Too(op.mul, (a, b) => a * b)],
  div: binary(op.div, (a, b) => a / b),
  pow: binary(op.pow, (a, b) => a ** b, positive),
  max: [...binary(op.max, Math.max), i64Too(op.max, Math.max)],
  min: [...binary(op.min, Math.min), i64Too(op.min, Math.min)],

  cast: [
    ...CAST_TYPES.map((to): Row => ({
      what: `to ${to}`,
      feeds: [tensor([0, 1, 2.75])],
      emit: (x) => op.cast(x, to),
      gives: to === "bool" ? [0, 1, 1] : to.startsWith("f") ? [0, 1, 2.75] : [0, 1, 2],
    })),
    ...(["f16", "bf16"] as const).map((by): Row => ({
      what: `to ${by} and back`,
      feeds: [tensor([0.5, 1, -2])],
      emit: (x) => op.cast(op.cast(x, by), "f32"),
      gives: [0.5, 1, -2],
    })),
  ],

  matMul: [
    { what: "tables", feeds: [upTo(2, 3), upTo(3, 2)], emit: op.matMul, gives: [10, 13, 28, 40] },
    { what: "a stack by a table", feeds: [floats(4, 2, 3), floats(3, 5)], emit: op.matMul },
    { what: "stacks that broadcast", feeds: [floats(4, 1, 2, 3), floats(5, 3, 2)], emit: op.matMul },
  ],
  conv: [
    { what: "1×1", feeds: [upTo(1, 2, 1, 2), tensor([1, 10], [1, 2, 1, 1])], emit: op.conv as Emit, gives: [20, 31] },
    {
      what: "3×3 with bias and padding",
      feeds: [upTo(1, 1, 2, 2), tensor([0, 0, 0, 0, 1, 1, 0, 0, 0], [1, 1, 3, 3]), tensor([5])],
      emit: (x, w, b) => op.conv(x, w, b, { pads: [1, 1, 1, 1] }),
      gives: [6, 6, 10, 8],
    },
    {
      what: "stride 2, uneven padding, odd size",
      feeds: [floats(2, 3, 7, 8), floats(4, 3, 3, 3)],
      emit: (x, w) => op.conv(x, w, undefined, { strides: [2, 2], pads: [0, 0, 1, 1] }),
    },
    {
      what: "groups",
      feeds: [floats(1, 4, 5, 5), floats(6, 2, 3, 3)],
      emit: (x, w) => op.conv(x, w, undefined, { group: 2 }),
    },
  ],

  reshape: [
    {
      what: "with an inferred axis",
      feeds: [upTo(2, 6)],
      emit: (x) => op.reshape(x, [3, -1, 2]),
      gives: sequence(12),
    },
    { what: "to a scalar", feeds: [upTo(1, 1)], emit: (x) => op.reshape(x, []), gives: [0] },
    { what: "of nothing", feeds: [upTo(0, 4)], emit: (x) => op.reshape(x, [2, 0]), gives: [] },
  ],
  transpose: [
    { what: "a table", feeds: [upTo(2, 3)], emit: (x) => op.transpose(x, [1, 0]), gives: [0, 3, 1, 4, 2, 5] },
    { what: "four axes", feeds: [floats(2, 3, 4, 5)], emit: (x) => op.transpose(x, [0, 2, 3, 1]) },
  ],
  concat: [
    {
      what: "on the last axis",
      feeds: [upTo(2, 1), upTo(2, 2)],
      emit: (a, b) => op.concat([a, b], -1),
      gives: [0, 0, 1, 1, 2, 3],
    },
    { what: "whole numbers", feeds: [whole(2), whole(1)], emit: (a, b) => op.concat([a, b], 0), gives: [0, 7, 0] },
  ],
  slice: [
    { what: "the middle", feeds: [upTo(5)], emit: (x) => op.slice(x, 0, 1, 3), gives: [1, 2] },
    { what: "from behind", feeds: [upTo(5)], emit: (x) => op.slice(x, -1, -3, -1), gives: [2, 3] },
    {
      what: "beyond the end, by two",
      feeds: [upTo(2, 5)],
      emit: (x) => op.slice(x, 1, 1, 99, 2),
      gives: [1, 3, 6, 8],
    },
    { what: "nothing", feeds: [upTo(5)], emit: (x) => op.slice(x, 0, 4, 2), gives: [] },
  ],
  split: [{ what: "three parts", feeds: [upTo(2, 6)], emit: (x) => op.split(x, 3, -1), gives: [0, 1, 6, 7] }],
  unsqueeze: [
    { what: "before", feeds: [upTo(2, 3)], emit: (x) => op.unsqueeze(x, 0), gives: sequence(6) },
    { what: "after", feeds: [upTo(2, 3)], emit: (x) => op.unsqueeze(x, -1), gives: sequence(6) },
  ],
  expand: [{ what: "a column", feeds: [upTo(2, 1)], emit: (x) => op.expand(x, [2, 3]), gives: [0, 0, 0, 1, 1, 1] }],
  gather: [
    { what: "rows", feeds: [upTo(3, 2), tensorI64([2, 0])], emit: (x, i) => op.gather(x, i), gives: [4, 5, 0, 1] },
    {
      what: "on the second axis",
      feeds: [floats(3, 5), whole(2, 2)],
      emit: (x, i) => op.gather(op.concat([x, x, x], 1), i, 1),
    },
  ],
  pad: [
    { what: "with zeros", feeds: [upTo(1, 2)], emit: (x) => op.pad(x, [1, 0, 0, 1]), gives: [0, 0, 0, 0, 1, 0] },
    {
      what: "with a value",
      feeds: [upTo(1, 1)],
      emit: (x) => op.pad(x, [0, 1, 0, 1], op.constant([9])),
      gives: [9, 0, 9],
    },
    { what: "four axes", feeds: [floats(2, 3, 4, 5)], emit: (x) => op.pad(x, [1, 2, 3, 4]) },
  ],
  resizeNearest: [
    {
      what: "twice",
      feeds: [upTo(1, 1, 1, 2)],
      emit: (x) => op.resizeNearest(x, 2, 4),
      gives: [0, 0, 1, 1, 0, 0, 1, 1],
    },
    {
      what: "by a fraction",
      feeds: [upTo(1, 1, 1, 3)],
      emit: (x) => op.resizeNearest(x, 1, 5),
      gives: [0, 0, 1, 1, 2],
    },
    { what: "smaller", feeds: [upTo(1, 1, 1, 5)], emit: (x) => op.resizeNearest(x, 1, 2), gives: [0, 2] },
  ],

  reduceMean: [{ what: "rows", feeds: [upTo(2, 3)], emit: (x) => op.reduceMean(x, [-1]), gives: [1, 4] }],
  reduceSum: [{ what: "two axes", feeds: [upTo(2, 3, 2)], emit: (x) => op.reduceSum(x, [0, 2]), gives: [14, 22, 30] }],
  reduceMax: [{ what: "columns", feeds: [upTo(2, 3)], emit: (x) => op.reduceMax(x, [0]), gives: [3, 4, 5] }],
  softmax: [
    { what: "rows", feeds: [tensor([0, Math.log(3)])], emit: (x) => op.softmax(x), gives: [0.25, 0.75] },
    {
      what: "columns",
      feeds: [tensor([0, 5, Math.log(3), 5], [2, 2])],
      emit: (x) => op.softmax(x, 0),
      gives: [0.25, 0.5, 0.75, 0.5],
    },
  ],
  instanceNormalization: [
    {
      what: "each channel",
      feeds: [tensor([1, 3, 10, 30], [1, 2, 2]), tensor([1, 2]), tensor([0, 5])],
      emit: (x, gamma, beta) => op.instanceNormalization(x, gamma, beta, 0),
      gives: [-1, 1, 3, 7],
    },
  ],
  batchNormalization: [
    {
      what: "given statistics",
      feeds: [
        tensor([1, 3, 10, 30], [1, 2, 2]),
        ...[
          [2, 1],
          [0, 5],
          [1, 10],
          [4, 100],
        ].map((v) => tensor(v)),
      ],
      emit: (x, gamma, beta, mean, variance) => op.batchNormalization(x, gamma, beta, mean, variance, 0),
      gives: [0, 2, 5, 7],
    },
  ],
  layerNormalization: [
    {
      what: "with bias",
      feeds: [tensor([1, 3, 10, 30], [2, 2]), tensor([1, 2]), tensor([0, 5])],
      emit: (x, gamma, beta) => op.layerNormalization(x, gamma, beta, 0),
      gives: [-1, 7, -1, 7],
    },
    {
      what: "without bias",
      feeds: [tensor([1, 3], [1, 2]), tensor([1, 2])],
      emit: (x, gamma) => op.layerNormalization(x, gamma, undefined, 0),
      gives: [-1, 2],
    },
  ],

  multiHeadAttention: [
    {
      what: "equal keys give the mean of the values",
      feeds: [floats(1, 2, 4), tensor([1, 2, 3, 4, 1, 2, 3, 4], [1, 2, 4]), upTo(1, 2, 4)],
      emit: (q, k, v) => op.multiHeadAttention(q, k, v, 2),
      gives: [2, 3, 4, 5, 2, 3, 4, 5],
    },
    {
      what: "other lengths, and a scale",
      feeds: [floats(2, 3, 8), floats(2, 5, 8), floats(2, 5, 8)],
      emit: (q, k, v) => op.multiHeadAttention(q, k, v, 4, 0.3),
    },
  ],
  matMulIntegerToFloat: [
    {
      what: "a zero point and two scales",
      feeds: [bytes("u8", 1, 2)],
      emit: (a) =>
        op.matMulIntegerToFloat(
          a,
          op.constantBytes("i8", [1, -1, 2, 3], [2, 2]),
          op.constant([0.5]),
          op.constant([1, 10], [2]),
          op.constantBytes("u8", [1]),
          op.constant([0, 7], [2]),
        ),
      gives: [0.5 * (-1 + 2 * 36), 5 * (1 + 3 * 36) + 7],
    },
  ],
  dynamicQuantizeLinear: [
    {
      what: "the range to 0…255",
      feeds: [tensor([0, 51, 255])],
      emit: (x) => Object.values(op.dynamicQuantizeLinear(x) as unknown as Record<string, Value>),
      gives: [0, 51, 255],
    },
  ],
};

describe.each(Object.entries(TABLE))("%s", (name, rows) => {
  test.each(rows.map((row) => [row.what, row] as const))("%s", async (what, { feeds, emit, gives }) => {
    const inputs = feeds.map((feed, i) => input(`x${i}`, feed.dtype, feed.shape));
    const emitted = [emit(...inputs)].flat();
    const outputs = Object.fromEntries(emitted.map((value, i) => [`y${i}`, value]));
    const session = await engine.session(graph(inputs, outputs), { label: `${name}: ${what}` });
    const results = await session.runAny(Object.fromEntries(feeds.map((feed, i) => [`x${i}`, feed])));
    const typeOf = ({ dtype, shape }: { dtype: DType; shape: Shape }) => `${dtype} [${shape.join(", ")}]`;
    expect(emitted.map((_, i) => typeOf(results[`y${i}`]!))).toEqual(emitted.map(typeOf));
    if (gives) expectClose(numbers(results.y0 as AnyTensor), gives);
  });
});

test("every constructor of ops.ts is in the table", () => {
  expect(Object.keys(TABLE).sort()).toEqual(
    Object.keys(op)
      .filter((name) => name !== "ONNX_DTYPES")
      .sort(),
  );
});

function expectClose(actual: readonly number[], expected: readonly number[]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((value, i) => {
    const wanted = f(expected[i]!);
    expect(Math.abs(value - wanted), `number ${i}: ${value}, not ${wanted}`).toBeLessThanOrEqual(
      2e-5 * (1 + Math.abs(wanted)),
    );
  });
}
