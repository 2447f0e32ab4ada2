// The bytes of a model: equal to a recorded file that the Python package onnx has checked, node by node and by its own checker.
import { describe, expect, test } from "vitest";
import { type Graph, graph, input, weight } from "../../../daemon/src/onnx/graph.ts";
import * as op from "../../../daemon/src/onnx/ops.ts";
import { Message } from "../../../daemon/src/onnx/protobuf.ts";
import { serialize } from "../../../daemon/src/onnx/serialize.ts";
import type { DType } from "../../../daemon/src/tensor/tensor.ts";

const range = (dtype: DType, shape: number[], offset: number, length: number) => ({
  file: "/weights/tiny.safetensors",
  dtype,
  shape,
  offset,
  length,
});

/** Something of everything: attributes of each type, absent inputs, weights used twice, an input as an output. */
function everything(): Graph {
  const x = input("x", "f32", [1, 4, 2, 2]);
  const ids = input("ids", "i64", [3]);
  const matrix = range("f16", [4, 4], 4096, 32);
  const w = op.cast(weight(matrix, "proj.weight"), "f32");
  const again = op.cast(weight(matrix, "proj.weight"), "f32");
  const rows = op.reshape(op.resizeNearest(x, 4, 4), [1, -1, 4]);
  const product = op.matMul(op.matMul(rows, w), again);
  const [left, right] = op.split(op.pad(product, [0, 0, 0, 2]), 2, 2) as [typeof x, typeof x];
  const joined = op.transpose(op.mul(op.quickGelu(left, 1.702), op.clip(right, -1, 1)), [0, 2, 1]);
  const table = weight(range("f32", [8, 2], 0, 64), "table.weight");
  return graph([x, ids], { y: joined, picked: op.gather(table, ids), x_again: x });
}

const hex = (bytes: Uint8Array): string => `${Buffer.from(bytes).toString("hex").replace(/.{64}/g, "$&\n")}\n`;

test("a graph with something of everything has the recorded bytes (see golden/make/onnx_graph.py)", async () => {
  await expect(hex(serialize(everything()))).toMatchFileSnapshot("../../golden/onnx/graph.hex");
});

test("equal graphs have equal bytes, and another constant has others", () => {
  const scaled = (by: number) => {
    const x = input("x", "f32", [2]);
    return serialize(graph([x], { y: op.scale(x, by) }));
  };
  expect(scaled(2)).toEqual(scaled(2));
  expect(scaled(2)).not.toEqual(scaled(3));
});

test("two weights of one key in different places keep apart", () => {
  const x = input("x", "f32", [2]);
  const [a, b] = [0, 8].map((offset) => weight(range("f32", [2], offset, 8), "bias")) as [typeof x, typeof x];
  const text = Buffer.from(serialize(graph([x], { y: op.add(op.add(x, a), b) }))).toString("latin1");
  expect(text).toContain("bias:1");
});

describe("the wire format", () => {
  test.each<[string, Message, string]>([
    ["a varint", new Message().varint(1, 150), "089601"],
    ["a negative varint, as ten bytes", new Message().varint(1, -1), "08ffffffffffffffffff01"],
    ["a varint beyond 2^53", new Message().varint(1, 2n ** 63n - 1n), "08ffffffffffffffff7f"],
    ["a field of two tag bytes", new Message().varint(20, 7), "a00107"],
    ["a float", new Message().float(2, 1.5), "150000c03f"],
    ["a string", new Message().string(4, "é"), "2202c3a9"],
    ["no bytes", new Message().bytes(9, new Uint8Array()), "4a00"],
    ["a message in a message", new Message().message(3, new Message().varint(1, 1)), "1a020801"],
    ["packed numbers", new Message().packed(1, [3, 270, -2]), "0a0d038e02feffffffffffffffff01"],
    ["a length of two bytes", new Message().bytes(1, new Uint8Array(200)), `0ac801${"00".repeat(200)}`],
  ])("%s", (_, message, bytes) => {
    expect(Buffer.from(message.finish()).toString("hex")).toBe(bytes);
    expect(message.length).toBe(bytes.length / 2);
  });
});
