// Packed weights on disk: equal numbers, complete or absent, kept under a size.
import { mkdtempSync, readdirSync, rmSync, statSync, truncateSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { Graph } from "../../../daemon/src/onnx/graph.ts";
import { graph, input, weight } from "../../../daemon/src/onnx/graph.ts";
import * as op from "../../../daemon/src/onnx/ops.ts";
import { folderSize } from "../../../daemon/src/runtime/cache-folder.ts";
import { Engine } from "../../../daemon/src/runtime/engine.ts";
import { tensor } from "../../../daemon/src/tensor/tensor.ts";

let folder: string;
let cacheFolder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "prepacked-"));
  cacheFolder = join(folder, "cache");
  writeFileSync(
    join(folder, "w.bin"),
    new Uint8Array(Float32Array.from({ length: 64 * 64 * 9 }, (_, i) => Math.sin(i)).buffer),
  );
});

afterEach(() => rmSync(folder, { recursive: true }));

/** A product and a convolution over weights of the file, to different sizes so that graphs differ. */
function network(size: number): Graph {
  const range = (shape: number[], offset: number) => ({
    file: join(folder, "w.bin"),
    dtype: "f32" as const,
    shape,
    offset,
    length: 4 * shape.reduce((a, b) => a * b),
  });
  const x = input("x", "f32", [1, 64, size, size]);
  const y = op.conv(x, weight(range([64, 64, 3, 3], 0), "conv"), undefined, { pads: [1, 1, 1, 1] });
  return graph([x], { y: op.matMul(op.transpose(y, [0, 2, 3, 1]), weight(range([64, 64], 64), "linear")) });
}

async function run(size: number, options: { cache: boolean; cacheLimit?: number }): Promise<number[]> {
  const { cacheLimit = 1e9 } = options;
  await using engine = await Engine.start({ target: "cpu", threads: 1, cacheFolder, cacheLimit });
  const session = await engine.session(network(size), { cache: options.cache });
  const x = tensor(
    Float32Array.from({ length: 64 * size * size }, (_, i) => Math.cos(i)),
    [1, 64, size, size],
  );
  return [...(await session.run({ x })).y!.data];
}

/** The second run of a graph writes its entry. */
async function runTwice(size: number, options: { cache: boolean; cacheLimit?: number }): Promise<number[]> {
  await run(size, options);
  return run(size, options);
}

const entries = () =>
  readdirSync(cacheFolder)
    .filter((name) => !name.endsWith(".seen"))
    .map((name) => join(cacheFolder, name));

test("sessions that write it, read it or go without give equal numbers", async () => {
  const without = await run(8, { cache: false });
  expect(await run(8, { cache: true })).toEqual(without);
  expect(entries()).toEqual([]); // a graph seen once is not worth it
  expect(await run(8, { cache: true })).toEqual(without);
  const [entry] = entries();
  const written = statSync(join(entry!, "weights.bin")).mtimeMs;
  expect(await run(8, { cache: true })).toEqual(without);
  expect(entries()).toEqual([entry]);
  expect(statSync(join(entry!, "weights.bin")).mtimeMs).toBe(written);
});

test("an entry that lost its end is written anew", async () => {
  const whole = await runTwice(8, { cache: true });
  const [entry] = entries();
  const weights = join(entry!, "weights.bin");
  const { size } = statSync(weights);
  truncateSync(weights, size / 2);
  expect(await run(8, { cache: true })).toEqual(whole);
  expect(statSync(weights).size).toBe(size);
});

test("a changed weights file has another entry", async () => {
  await runTwice(8, { cache: true });
  utimesSync(join(folder, "w.bin"), 1, 1);
  await runTwice(8, { cache: true });
  expect(entries()).toHaveLength(2);
});

test("the least recently used entries go when all are larger than the limit", async () => {
  await runTwice(8, { cache: true });
  const [first] = entries();
  utimesSync(first!, 1, 1);
  const cacheLimit = 1.5 * (await folderSize(first!));
  await runTwice(9, { cache: true, cacheLimit });
  expect(entries()).toHaveLength(1);
  expect(entries()).not.toContain(first);
});

test("a cache that cannot be written is no obstacle", async () => {
  const expected = await run(8, { cache: false });
  writeFileSync(cacheFolder, "a file where the folder should be");
  expect(await run(8, { cache: true })).toEqual(expected);
});
