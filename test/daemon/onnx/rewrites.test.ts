// Rewritten graphs: what is hoisted out of the steps, what is computed from weights once, and that both give the same numbers.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Graph, graph, input, type Value, weight } from "../../../daemon/src/onnx/graph.ts";
import { hoist } from "../../../daemon/src/onnx/hoist.ts";
import * as op from "../../../daemon/src/onnx/ops.ts";
import { precomputable, withPrecomputed } from "../../../daemon/src/onnx/precompute.ts";
import { print } from "../../../daemon/src/onnx/print.ts";
import { Engine } from "../../../daemon/src/runtime/engine.ts";
import { type Tensor, tensor } from "../../../daemon/src/tensor/tensor.ts";

let engine: Engine;
let folder: string;
let file: string;

beforeAll(async () => {
  engine = await Engine.start({ target: "cpu", threads: 1 });
  folder = mkdtempSync(join(tmpdir(), "rewrites test "));
  file = join(folder, "weights.bin");
  writeFileSync(file, Buffer.from(Float32Array.from({ length: 12 }, (_, i) => Math.sin(i + 1)).buffer));
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

const weights = (offset: number, ...shape: number[]): Value =>
  weight({ file, dtype: "f32", shape, offset, length: 4 * shape.reduce((a, b) => a * b, 1) }, `w${offset}`);

const run = async (whole: Graph, feeds: Readonly<Record<string, Tensor>>) => (await engine.session(whole)).run(feeds);

/** A cross-attention in small: x changes with each step, the text does not. */
function attending(): Graph {
  const [x, text] = [input("x", "f32", [1, 3, 2]), input("text", "f32", [1, 4, 3])];
  const [k, v] = op.split(op.matMul(text, weights(0, 3, 4)), 2, 2) as [Value, Value];
  const table = op.exp(weights(0, 2));
  const scores = op.matMul(op.mul(x, table), op.transpose(k, [0, 2, 1]));
  return graph([x, text], { y: op.matMul(op.softmax(scores), v), text_mean: op.reduceMean(text, [1]) });
}

const FEEDS = {
  x: tensor([1, -1, 0.5, 2, 0, 1], [1, 3, 2]),
  text: tensor(
    Array.from({ length: 12 }, (_, i) => i / 7),
    [1, 4, 3],
  ),
};

describe("hoisting", () => {
  test("moves what the text alone decides into the prologue, and no more", () => {
    const { prologue, body } = hoist(attending(), ["text", "no such input"]);
    expect(print(prologue)).toMatchInlineSnapshot(`
      "input text f32[1, 4, 3]
      %0 f32[1, 4, 4] = MatMul(text, w0)
      %1 f32[1, 4, 2], %2 f32[1, 4, 2] = Split(%0, axis=2, num_outputs=2)
      %3 f32[1, 2, 4] = Transpose(%1, perm=[0 2 1])
      %4 f32[1, 1, 3] = ReduceMean(text, {1}, keepdims=1)
      output hoisted_0 = %3
      output hoisted_1 = %2
      output hoisted_2 = %4"
    `);
    expect(print(body)).toMatchInlineSnapshot(`
      "input x f32[1, 3, 2]
      input hoisted_0 f32[1, 2, 4]
      input hoisted_1 f32[1, 4, 2]
      input hoisted_2 f32[1, 1, 3]
      %0 f32[2] = Exp(w0)
      %1 f32[1, 3, 2] = Mul(x, %0)
      %2 f32[1, 3, 4] = MatMul(%1, hoisted_0)
      %3 f32[1, 3, 4] = Softmax(%2, axis=-1)
      %4 f32[1, 3, 2] = MatMul(%3, hoisted_1)
      output y = %4
      output text_mean = hoisted_2"
    `);
  });

  test("changes no number", async () => {
    const { prologue, body } = hoist(attending(), ["text"]);
    const handed = await run(prologue, { text: FEEDS.text });
    expect(await run(body, { x: FEEDS.x, ...handed })).toEqual(await run(attending(), FEEDS));
  });

  test("takes all or nothing where all or nothing is fixed", () => {
    const all = hoist(attending(), ["x", "text"]);
    expect(Object.keys(all.prologue.outputs)).toEqual(["hoisted_0", "hoisted_1"]);
    expect(print(all.body)).not.toContain("MatMul");
    const nothing = hoist(attending(), []);
    expect(nothing.prologue).toEqual({ inputs: [], outputs: {} });
    expect(print(nothing.body)).toBe(print(attending()));
  });
});

describe("computing once", () => {
  test("finds the border between weights and the rest", () => {
    const x = input("x", "f32", [2]);
    const inner = op.abs(weights(0, 2));
    const border = op.sqrt(inner);
    const alsoOutput = op.neg(weights(8, 2));
    const plain = weights(16, 2);
    const whole = graph([x], { y: op.add(op.mul(x, border), plain), z: alsoOutput });
    expect(precomputable(whole)).toEqual([border, alsoOutput]);
    expect(precomputable(whole)).not.toContain(inner);
  });

  test("a graph without such values has none", () => {
    const x = input("x", "f32", [2]);
    expect(precomputable(graph([x], { y: op.mul(x, weights(0, 2)) }))).toEqual([]);
  });

  test("reads the value from its file instead, and nothing of what made it", async () => {
    const x = input("x", "f32", [2]);
    const value = op.exp(op.neg(weights(0, 2)));
    const whole = graph([x], { y: op.mul(x, value) });
    const kept = join(folder, "kept.bin");
    const { computed } = await run(graph([], { computed: value }), {});
    writeFileSync(kept, Buffer.from(computed!.data.buffer));
    const fast = withPrecomputed(
      whole,
      new Map([[value, { file: kept, dtype: "f32", shape: [2], offset: 0, length: 8 }]]),
    );
    expect(print(fast)).toBe(["input x f32[2]", "%0 f32[2] = Mul(x, precomputed_0)", "output y = %0"].join("\n"));
    expect(await run(fast, { x: tensor([3, 4]) })).toEqual(await run(whole, { x: tensor([3, 4]) }));
  });
});
