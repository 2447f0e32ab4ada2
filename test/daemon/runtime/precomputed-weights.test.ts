// Weights that a graph computes from others: written once, shared by graphs of other sizes, equal in numbers.
import { mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { int8Linear } from "../../../daemon/src/nn/int8.ts";
import type { Graph } from "../../../daemon/src/onnx/graph.ts";
import { graph, input, weight } from "../../../daemon/src/onnx/graph.ts";
import * as op from "../../../daemon/src/onnx/ops.ts";
import { Engine } from "../../../daemon/src/runtime/engine.ts";
import { tensor } from "../../../daemon/src/tensor/tensor.ts";
import { readWeightsFile } from "../../../daemon/src/weights/safetensors.ts";

let folder: string;
let cacheFolder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "precomputed-"));
  cacheFolder = join(folder, "cache");
  const halves = new DataView(new ArrayBuffer(2 * 64 * 64));
  for (let i = 0; i < 64 * 64; i++) halves.setFloat16(2 * i, Math.sin(i), true);
  writeFileSync(join(folder, "w.bin"), new Uint8Array(halves.buffer));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** x (rows, 64) through an f16 weight in full precision, and through the same as int8. */
function network(rows: number): Graph {
  const range = { file: join(folder, "w.bin"), dtype: "f16" as const, shape: [64, 64], offset: 0, length: 2 * 64 * 64 };
  const w = op.cast(weight(range, "w"), "f32");
  const x = input("x", "f32", [rows, 64]);
  return graph([x], { exact: op.matMul(x, op.transpose(w, [1, 0])), fast: int8Linear(x, w, undefined) });
}

async function run(rows: number, cache: boolean): Promise<Record<string, number[]>> {
  await using engine = await Engine.start({ target: "cpu", threads: 1, cacheFolder });
  const session = await engine.session(network(rows), { cache });
  const data = Float32Array.from({ length: rows * 64 }, (_, i) => Math.cos(i));
  const { exact, fast } = await session.run({ x: tensor(data, [rows, 64]) });
  return { exact: [...exact!.data], fast: [...fast!.data] };
}

const files = () =>
  readdirSync(cacheFolder)
    .filter((name) => !name.includes("."))
    .map((name) => join(cacheFolder, name, "weights.safetensors"));

test("gives equal numbers, from a file that the strict reader accepts", async () => {
  expect(await run(4, true)).toEqual(await run(4, false));
  const [file] = files();
  const { tensors } = await readWeightsFile(file!);
  const kinds = [...tensors.values()].map(({ dtype, shape }) => `${dtype} ${shape.join("x")}`);
  expect(kinds.sort()).toEqual(["f32 64", "f32 64x64", "i8 64x64"]);
});

test("graphs of another size share the file", async () => {
  await run(4, true);
  const [file] = files();
  const written = statSync(file!).mtimeMs;
  await run(9, true);
  expect(files()).toEqual([file]);
  expect(statSync(file!).mtimeMs).toBe(written);
});

test("a changed weights file has another one", async () => {
  await run(4, true);
  utimesSync(join(folder, "w.bin"), 1, 1);
  await run(4, true);
  expect(files()).toHaveLength(2);
});
