// What graphs cost, against numbers worked out by hand.
import { describe, expect, test } from "vitest";
import { flops, largestActivation, weightBytes } from "../../../daemon/src/onnx/cost.ts";
import { type Graph, graph, input, type Value, weight } from "../../../daemon/src/onnx/graph.ts";
import { int8Linear } from "../../../daemon/src/nn/int8.ts";
import * as op from "../../../daemon/src/onnx/ops.ts";
import type { DType } from "../../../daemon/src/tensor/tensor.ts";

const x = (...shape: number[]): Value => input("x", "f32", shape);
const w = (dtype: DType, offset: number, length: number, ...shape: number[]): Value =>
  weight({ file: "/w.safetensors", dtype, shape, offset, length }, `w${offset}`);

/** Every input below the value becomes the graph's. */
function whole(y: Value, ...more: Value[]): Graph {
  const inputs = new Set<Value>();
  const visit = ({ origin }: Value, self: Value): void => {
    if (origin.kind === "input") inputs.add(self);
    if (origin.kind === "node") for (const below of origin.node.inputs) if (below) visit(below, below);
  };
  for (const value of [y, ...more]) visit(value, value);
  return graph([...inputs], Object.fromEntries([y, ...more].map((value, i) => [`y${i}`, value])));
}

describe("floating-point operations, a multiply-add as two", () => {
  test.each<[string, Value, number]>([
    ["a product", op.matMul(x(5, 7), x(7, 3)), 2 * 5 * 7 * 3],
    ["a batch of products", op.matMul(x(2, 4, 5, 7), x(7, 3)), 2 * (2 * 4) * 5 * 7 * 3],
    [
      "a 3×3 convolution",
      op.conv(x(1, 16, 10, 12), x(32, 16, 3, 3), x(32), { pads: [1, 1, 1, 1] }),
      2 * 32 * 10 * 12 * 16 * 9,
    ],
    [
      "one of stride 2",
      op.conv(x(2, 4, 8, 8), x(6, 4, 2, 2), undefined, { strides: [2, 2] }),
      2 * 2 * 6 * 4 * 4 * 4 * 4,
    ],
    ["one in groups", op.conv(x(1, 8, 5, 5), x(8, 1, 3, 3), undefined, { group: 8 }), 2 * 8 * 3 * 3 * 9],
    [
      "attention: scores and sums",
      op.multiHeadAttention(x(2, 9, 8), x(2, 5, 8), x(2, 5, 8), 4),
      2 * 2 * (2 * 9 * 5 * 8),
    ],
    ["an int8 product", int8Linear(x(5, 7), x(7, 3), undefined), 2 * 5 * 7 * 3],
    ["an addition", op.add(x(5), x(5)), 0],
  ])("%s", (_, value, count) => expect(flops(whole(value))).toBe(count));

  test("fused and decomposed attention count the same", () => {
    const [q, k, v] = [x(1, 9, 8), x(1, 5, 8), x(1, 5, 8)];
    const heads = (y: Value, perm: readonly number[]) => op.transpose(op.reshape(y, [1, -1, 2, 4]), perm);
    const scores = op.softmax(op.matMul(heads(q, [0, 2, 1, 3]), heads(k, [0, 2, 3, 1])));
    const parts = op.matMul(scores, heads(v, [0, 2, 1, 3]));
    expect(flops(whole(parts))).toBe(flops(whole(op.multiHeadAttention(q, k, v, 2))));
  });

  test("a node that two outputs share counts once", () => {
    const product = op.matMul(x(2, 2), x(2, 2));
    expect(flops(whole(op.exp(product), op.neg(product)))).toBe(16);
  });
});

test("bytes of weights are those in the files, each range once", () => {
  const half = w("f16", 0, 12, 2, 3);
  const y = op.add(op.cast(half, "f32"), op.cast(w("f16", 0, 12, 2, 3), "f32"));
  expect(weightBytes(whole(op.mul(y, w("f32", 100, 12, 3))))).toBe(12 + 12);
  expect(weightBytes(whole(op.exp(x(9))))).toBe(0);
});

test("the largest activation is the largest of what nodes make", () => {
  const large = op.matMul(x(100, 1), x(1, 50));
  expect(largestActivation(whole(op.reduceSum(large, [0, 1])))).toBe(100 * 50 * 4);
  expect(largestActivation(whole(op.cast(x(10, 10), "f64")))).toBe(800);
  expect(largestActivation(whole(x(1000)))).toBe(0);
});
