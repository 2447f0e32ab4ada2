// The engine process: running graphs, resident tensors, weights in files, memory budget, several engines.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { graph, input, node, weight } from "../../../daemon/src/onnx/graph.ts";
import * as op from "../../../daemon/src/onnx/ops.ts";
import { Engine } from "../../../daemon/src/runtime/engine.ts";
import { tensor, tensorI64 } from "../../../daemon/src/tensor/tensor.ts";

let engine: Engine;
let folder: string;

beforeAll(async () => {
  engine = await Engine.start({ target: "cpu", threads: 1 });
  folder = mkdtempSync(join(tmpdir(), "engine test "));
});

afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

/** x·2 */
const doubling = (...shape: number[]) => {
  const x = input("x", "f32", shape);
  return graph([x], { y: op.scale(x, 2) });
};

describe("runs", () => {
  test("a graph of several inputs and outputs", async () => {
    const a = input("a", "f32", [2, 2]);
    const b = input("b", "f32", [2, 2]);
    const session = await engine.session(graph([a, b], { sum: op.add(a, b), product: op.matMul(a, b) }));
    const { sum, product } = await session.run({ a: tensor([1, 2, 3, 4], [2, 2]), b: tensor([5, 6, 7, 8], [2, 2]) });
    expect(sum).toEqual(tensor([6, 8, 10, 12], [2, 2]));
    expect(product).toEqual(tensor([19, 22, 43, 50], [2, 2]));
  });

  test("in the order they were asked for, many at once", async () => {
    const session = await engine.session(doubling(1));
    const results = await Promise.all(Array.from({ length: 20 }, (_, i) => session.run({ x: tensor([i]) })));
    expect(results.map(({ y }) => y!.data[0])).toEqual(Array.from({ length: 20 }, (_, i) => 2 * i));
  });

  test("outputs of other element types come through runAny alone", async () => {
    const x = input("x", "f32", [2]);
    const session = await engine.session(graph([x], { n: op.cast(x, "i64") }), { label: "the caster" });
    expect((await session.runAny({ x: tensor([1.5, -2]) })).n).toEqual(tensorI64([1, -2]));
    await expect(session.run({ x: tensor([1, 2]) })).rejects.toThrow("the caster: output n is i64");
  });

  test.each([
    ["a missing input", {}, "input x is not fed"],
    ["another shape", { x: tensor([1, 2, 3]) }, "input x is f32 [2], fed with f32 [3]"],
    ["another element type", { x: tensorI64([1, 2]) }, "input x is f32 [2], fed with i64 [2]"],
    ["an input too many", { x: tensor([1, 2]), z: tensor([1]) }, "there is no input z"],
  ])("refuses %s by name", async (_, feeds, message) => {
    const session = await engine.session(doubling(2), { label: "twice" });
    await expect(session.run(feeds)).rejects.toThrow(message);
  });
});

describe("weights", () => {
  test("are read from byte ranges of files, f32, f16 and bf16", async () => {
    const file = join(folder, "weights.bin");
    writeFileSync(
      file,
      Buffer.concat([
        Buffer.from("a header to skip"),
        Buffer.from(Float32Array.of(1, -2).buffer),
        Buffer.from(Uint16Array.of(0x3c00, 0xb800).buffer), // 1, -0.5 in f16
        Buffer.from(Uint16Array.of(0x4040, 0xbf80).buffer), // 3, -1 in bf16
      ]),
    );
    const range = (dtype: "f32" | "f16" | "bf16", offset: number, length: number) =>
      op.cast(weight({ file, dtype, shape: [2], offset, length }, dtype), "f32");
    const x = input("x", "f32", [2]);
    const outputs = { a: range("f32", 16, 8), b: range("f16", 24, 4), c: range("bf16", 28, 4) };
    const session = await engine.session(
      graph([x], Object.fromEntries(Object.entries(outputs).map(([name, w]) => [name, op.mul(x, w)]))),
    );
    const { a, b, c } = await session.run({ x: tensor([10, 10]) });
    expect([a, b, c].map((t) => [...t!.data])).toEqual([
      [10, -20],
      [10, -5],
      [30, -10],
    ]);
  });

  test("that are missing fail with the graph's name and the file", async () => {
    const x = input("x", "f32", [2]);
    const file = join(folder, "absent.safetensors");
    const w = weight({ file, dtype: "f32", shape: [2], offset: 0, length: 8 }, "w");
    const making = engine.session(graph([x], { y: op.mul(x, w) }), { label: "the unet" });
    await expect(making).rejects.toMatchObject({ code: "engine" });
    await expect(making).rejects.toThrow(/preparing the unet: .*absent\.safetensors/);
  });
});

test("a node that the runtime refuses is named", async () => {
  const x = input("x", "f32", [2, 3]);
  const [y] = node("Conv", [x, x], [{ dtype: "f32", shape: [2, 3] }]);
  const making = engine.session(graph([x], { y: op.relu(y!) }), { label: "the unet" });
  await expect(making).rejects.toMatchObject({ code: "engine" });
  await expect(making).rejects.toThrow(/preparing the unet: .*Conv_0/);
});

describe("residents", () => {
  test("are fed to later runs without leaving the engine", async () => {
    const session = await engine.session(doubling(3));
    const { y } = await session.run({ x: tensor([1, 2, 3]) }, { keep: ["y"] });
    expect(y).toMatchObject({ dtype: "f32", shape: [3] });
    expect((await session.run({ x: y })).y).toEqual(tensor([4, 8, 12]));
    expect((await session.run({ x: y })).y).toEqual(tensor([4, 8, 12]));
    y.release();
    await expect(session.run({ x: y })).rejects.toThrow("no resident tensor");
  });

  test("survive the session that made them", async () => {
    const session = await engine.session(doubling(4));
    const { y } = await session.run({ x: tensor([1, 2, 3, 4]) }, { keep: ["y"] });
    await session.release();
    expect((await session.run({ x: y })).y).toEqual(tensor([4, 8, 12, 16]));
    y.release();
  });
});

describe("sessions", () => {
  test("of equal graphs are one", async () => {
    expect(await engine.session(doubling(5))).toBe(await engine.session(doubling(5)));
    expect(await engine.session(doubling(5))).not.toBe(await engine.session(doubling(6)));
  });

  test("beyond the memory budget are pushed out, least recently used first, and come back", async () => {
    await using small = await Engine.start({ target: "cpu", threads: 1, memoryBudget: 2 * 4000 });
    const [a, b] = [await small.session(doubling(1000)), await small.session(doubling(1, 1000))];
    await a.run({ x: tensor(new Float32Array(1000)) });
    const c = await small.session(doubling(1000, 1));
    expect(small.loaded).toEqual([a, c]);
    const { y } = await b.run({ x: tensor(new Float32Array(1000).fill(1), [1, 1000]) });
    expect(y!.data[999]).toBe(2);
    expect(small.loaded).toEqual([c, b]);
  });
});

test("two engines work at once", async () => {
  await using other = await Engine.start({ target: "cpu", threads: 1 });
  const sessions = await Promise.all([engine, other].map((e) => e.session(doubling(2))));
  const results = await Promise.all(sessions.map((s, i) => s.run({ x: tensor([i, i + 1]) })));
  expect(results.map(({ y }) => [...y!.data])).toEqual([
    [0, 2],
    [2, 4],
  ]);
});
