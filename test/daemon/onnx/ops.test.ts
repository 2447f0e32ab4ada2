// The typed operators: what shapes and dtypes they infer, and what they say on the line of a wrong use.
import { describe, expect, test } from "vitest";
import { graph, input, type Value } from "../../../daemon/src/onnx/graph.ts";
import * as op from "../../../daemon/src/onnx/ops.ts";
import { print } from "../../../daemon/src/onnx/print.ts";
import type { DType } from "../../../daemon/src/tensor/tensor.ts";
import { formatShape } from "../../../daemon/src/tensor/tensor.ts";

const x = (...shape: number[]): Value => input("x", "f32", shape);
const of = (dtype: DType, ...shape: number[]): Value => input("y", dtype, shape);
const type = ({ dtype, shape }: Value): string => `${dtype}${formatShape(shape)}`;

describe("what an operator makes:", () => {
  test.each<[string, Value, string]>([
    ["exp", op.exp(x(2, 3)), "f32[2, 3]"],
    ["add, with broadcasting both ways", op.add(x(4, 1, 3), x(5, 1)), "f32[4, 5, 3]"],
    ["mul by a scalar", op.scale(x(2), 0.5), "f32[2]"],
    ["mul of integers", op.mul(of("i64", 2), of("i64", 1)), "i64[2]"],
    ["clip", op.clip(x(2), 0, 1), "f32[2]"],
    ["cast", op.cast(x(2), "f16"), "f16[2]"],
    ["matMul, leading axes broadcast", op.matMul(x(7, 1, 2, 3), x(5, 3, 4)), "f32[7, 5, 2, 4]"],
    ["conv 3×3 padded", op.conv(x(1, 3, 8, 9), x(5, 3, 3, 3), undefined, { pads: [1, 1, 1, 1] }), "f32[1, 5, 8, 9]"],
    ["conv of stride 2", op.conv(x(1, 3, 9, 8), x(5, 3, 3, 3), undefined, { strides: [2, 2] }), "f32[1, 5, 4, 3]"],
    [
      "conv padded at one side",
      op.conv(x(1, 3, 8, 8), x(5, 3, 3, 3), undefined, { strides: [2, 2], pads: [0, 0, 1, 1] }),
      "f32[1, 5, 4, 4]",
    ],
    ["conv in groups", op.conv(x(1, 4, 2, 2), x(6, 2, 1, 1), undefined, { group: 2 }), "f32[1, 6, 2, 2]"],
    ["reshape with one axis left open", op.reshape(x(2, 6), [3, -1]), "f32[3, 4]"],
    ["reshape of nothing", op.reshape(x(0, 6), [0, 2]), "f32[0, 2]"],
    ["transpose", op.transpose(x(2, 3, 4), [2, 0, 1]), "f32[4, 2, 3]"],
    ["concat", op.concat([x(2, 3), x(2, 4)], -1), "f32[2, 7]"],
    ["slice by steps", op.slice(x(10), 0, 1, 8, 3), "f32[3]"],
    ["slice from the end", op.slice(x(10), 0, -3, 100), "f32[3]"],
    ["slice of nothing", op.slice(x(10), 0, 8, 2), "f32[0]"],
    ["split", op.split(x(2, 6), 3, 1)[2]!, "f32[2, 2]"],
    ["unsqueeze at the end", op.unsqueeze(x(2, 3), -1), "f32[2, 3, 1]"],
    ["expand", op.expand(x(3, 1), [2, 1, 4]), "f32[2, 3, 4]"],
    ["gather rows", op.gather(x(100, 8), of("i64", 2, 7)), "f32[2, 7, 8]"],
    ["pad", op.pad(x(1, 2, 3), [1, 0, 2, 5]), "f32[1, 5, 8]"],
    ["resizeNearest", op.resizeNearest(x(1, 2, 3, 4), 6, 9), "f32[1, 2, 6, 9]"],
    ["reduceMax", op.reduceMax(x(2, 3, 4), [0, -1]), "f32[1, 3, 1]"],
    ["softmax", op.softmax(x(2, 3)), "f32[2, 3]"],
    ["multiHeadAttention", op.multiHeadAttention(x(2, 9, 8), x(2, 5, 8), x(2, 5, 8), 4), "f32[2, 9, 8]"],
    ["dynamicQuantizeLinear", op.dynamicQuantizeLinear(x(2, 3)).quantized, "u8[2, 3]"],
    [
      "matMulIntegerToFloat",
      op.matMulIntegerToFloat(of("u8", 2, 9, 8), of("i8", 8, 3), x(), x(3), of("u8")),
      "f32[2, 9, 3]",
    ],
    ["its zero point", op.dynamicQuantizeLinear(x(2, 3)).zeroPoint, "u8[]"],
  ])("%s", (_, value, expected) => expect(type(value)).toBe(expected));

  test("a cast to its own dtype is nothing", () => {
    const value = x(2);
    expect(op.cast(value, "f32")).toBe(value);
  });
});

const WRONG: readonly [make: () => unknown, message: string][] = [
  [() => op.add(x(2, 3), x(2, 4)), "Add: [2, 3] and [2, 4] do not broadcast"],
  [() => op.add(x(2), of("i64", 2)), "Add: f32 where i64 is needed"],
  [() => op.matMul(x(2, 3), x(4, 5)), "MatMul: [2, 3] @ [4, 5]"],
  [() => op.matMul(x(3), x(3, 5)), "MatMul wants at least 2 axes, not [3]"],
  [() => op.matMul(x(2, 2, 3), x(3, 3, 5)), "MatMul: [2] and [3] do not broadcast"],
  [() => op.conv(x(1, 3, 8, 8), x(5, 4, 3, 3)), "Conv: [1, 3, 8, 8] by weights [5, 4, 3, 3]"],
  [() => op.conv(x(3, 8, 8), x(5, 3, 3, 3)), "Conv wants 4 axes, not [3, 8, 8]"],
  [() => op.conv(x(1, 3, 1, 1), x(5, 3, 3, 3)), "Conv makes [1, 5, -1, -1]"],
  [() => op.reshape(x(2, 3), [4, 2]), "Reshape: [2, 3] to [4, 2]"],
  [() => op.reshape(x(2, 3), [-1, -1]), "Reshape: [2, 3] to [-1, -1]"],
  [() => op.transpose(x(2, 3), [0, 0]), "Transpose: [0, 0] of [2, 3]"],
  [() => op.transpose(x(2, 3), [0]), "Transpose: [0] of [2, 3]"],
  [() => op.concat([], 0), "Concat of nothing"],
  [() => op.concat([x(2, 3), x(3, 3)], 1), "Concat: [2, 3] with [3, 3] on axis 1"],
  [() => op.concat([x(2, 3), x(2)], 0), "Concat: [2, 3] with [2] on axis 0"],
  [() => op.concat([x(2), of("i64", 2)], 0), "Concat: i64 where f32 is needed"],
  [() => op.split(x(2, 5), 2, 1), "Split: [2, 5] into 2 on axis 1"],
  [() => op.slice(x(2), 1, 0, 1), "Slice: no axis 1 in [2]"],
  [() => op.expand(x(3), [2, 4]), "Expand: [3] and [2, 4] do not broadcast"],
  [() => op.gather(x(3), of("i64", 1), 2), "Gather: no axis 2 in [3]"],
  [() => op.reduceMean(x(2, 3), [-3]), "ReduceMean: no axis -3 in [2, 3]"],
  [() => op.instanceNormalization(x(1, 4, 2), x(3), x(4), 1), "InstanceNormalization: [3] for 4 channels"],
  [() => op.batchNormalization(x(1, 4, 2), x(4), x(4), x(4), x(1, 4), 0), "BatchNormalization: [1, 4] for 4 channels"],
  [
    () => op.multiHeadAttention(x(1, 9, 8), x(1, 5, 8), x(1, 5, 8), 3),
    "MultiHeadAttention: [1, 9, 8], [1, 5, 8], [1, 5, 8], 3 heads",
  ],
  [
    () => op.multiHeadAttention(x(1, 9, 8), x(1, 5, 8), x(1, 6, 8), 2),
    "MultiHeadAttention: [1, 9, 8], [1, 5, 8], [1, 6, 8], 2 heads",
  ],
  [
    () => op.matMulIntegerToFloat(of("u8", 2, 8), of("i8", 4, 3), x(), x(3), of("u8")),
    "MatMulIntegerToFloat: [2, 8] @ [4, 3]",
  ],
  [() => op.reshape(x(2, 3), [4, -1]), "Reshape: [2, 3] to [4, -1]"],
  [() => op.constant([1, 2], [3]), "2 values do not fill a constant of [3]"],
  [() => graph([], { y: op.exp(x(2)) }), "input x is used but not declared"],
];

describe("a wrong use is said where it is written:", () => {
  test.each(WRONG.map(([make, message]) => [message, make] as const))("%s", (message, make) => {
    expect(make).toThrow(expect.objectContaining({ name: "GraphError", message }) as Error);
  });
});

test("a graph prints as one line for each input, node and output", () => {
  const [q, mask] = [input("q", "f32", [1, 4, 6]), input("mask", "f32", [4, 4])];
  const scores = op.add(op.matMul(op.scale(q, 0.5), op.transpose(q, [0, 2, 1])), mask);
  const [left] = op.split(op.softmax(scores), 2, 1) as [Value];
  const padded = op.pad(left, [0, 1, 0, 1]);
  const picked = op.gather(padded, op.constantI64([2, 0]), 1);
  const gelu = op.gelu(op.clip(picked, -1, 1), "tanh");
  expect(print(graph([q, mask], { y: op.quickGelu(gelu, 1.5), left }))).toMatchInlineSnapshot(`
    "input q f32[1, 4, 6]
    input mask f32[4, 4]
    %0 f32[1, 4, 6] = Mul(q, {0.5})
    %1 f32[1, 6, 4] = Transpose(q, perm=[0 2 1])
    %2 f32[1, 4, 4] = MatMul(%0, %1)
    %3 f32[1, 4, 4] = Add(%2, mask)
    %4 f32[1, 4, 4] = Softmax(%3, axis=-1)
    %5 f32[1, 2, 4], %6 f32[1, 2, 4] = Split(%4, axis=1, num_outputs=2)
    %7 f32[1, 2, 6] = Pad(%5, {0 0 1 0 0 1}, _)
    %8 f32[1, 2, 6] = Gather(%7, {2 0}, axis=1)
    %9 f32[1, 2, 6] = Clip(%8, {-1}, {1})
    %10 f32[1, 2, 6] = Gelu(%9, approximate=tanh)
    %11 f32[1, 2, 6] = QuickGelu(%10, alpha=1.5)
    output y = %11
    output left = %5"
  `);
});
