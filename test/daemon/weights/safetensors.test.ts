// Reading safetensors headers: what comes out, what is refused and with which words, and random damage.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { DiffusionError } from "../../../daemon/src/base/errors.ts";
import { readWeightsFile } from "../../../daemon/src/weights/safetensors.ts";
import { put, safetensors, tensorsNamed } from "./files.ts";

const folder = mkdtempSync(join(tmpdir(), "safetensors-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "x.safetensors");

test("ranges are absolute, metadata is text, odd element types are set apart", async () => {
  const header = {
    __metadata__: { format: "pt" },
    b: { dtype: "F16", shape: [2, 1], data_offsets: [4, 8] },
    a: { dtype: "F32", shape: [], data_offsets: [0, 4] },
    odd: { dtype: "F8_E4M3", shape: [1], data_offsets: [8, 9] },
    empty: { dtype: "I64", shape: [0, 3], data_offsets: [9, 9] },
  };
  put(path, safetensors(header, new Uint8Array(9)));
  const start = 8 + JSON.stringify(header).length;
  const file = await readWeightsFile(path);
  expect({ ...file.metadata }).toEqual({ format: "pt" });
  expect(Object.fromEntries(file.tensors)).toEqual({
    b: { file: path, dtype: "f16", shape: [2, 1], offset: start + 4, length: 4 },
    a: { file: path, dtype: "f32", shape: [], offset: start, length: 4 },
    empty: { file: path, dtype: "i64", shape: [0, 3], offset: start + 9, length: 0 },
  });
  expect([...file.unusable]).toEqual([["odd", "F8_E4M3"]]);
});

test("names and metadata called like parts of objects are data", async () => {
  put(
    path,
    safetensors(
      `{"__metadata__":{"__proto__":"x"},"__proto__":["U8",[1],[0,1]],"constructor":["U8",[0],[1,1]]}`,
      new Uint8Array(1),
    ),
  );
  const { metadata, tensors } = await readWeightsFile(path);
  expect([...tensors.keys()]).toEqual(["__proto__", "constructor"]);
  expect(Object.entries(metadata)).toEqual([["__proto__", "x"]]);
  expect("toString" in metadata).toBe(false);
  expect(({} as Record<string, unknown>).x).toBeUndefined();
});

describe("refused, saying where and why", () => {
  const one = (dtype: string, shape: unknown, offsets: unknown): object => ({
    w: { dtype, shape, data_offsets: offsets },
  });
  const data = new Uint8Array(8);
  test.each<[name: string, bytes: Uint8Array, message: RegExp]>([
    ["too short", Buffer.from("{}"), /2 bytes are too few/],
    [
      "unfinished",
      tensorsNamed("a", "b").subarray(0, 30),
      /claims \d+ bytes, but the file ends after 30 \(an unfinished download\?\)/,
    ],
    [
      "unfinished data",
      tensorsNamed("a", "b").subarray(0, -1),
      /need 8 bytes of data, but it holds 7 \(an unfinished download\?\)/,
    ],
    [
      "bytes left over",
      Buffer.concat([tensorsNamed("a"), data]),
      /need 4 bytes of data, but it holds 12 \(there are bytes no tensor owns\)/,
    ],
    ["not JSON", safetensors("{]"), /a string is missing \(byte 1 of the header\)/],
    ["unknown type", safetensors(one("F33", [2], [0, 8]), data), /tensor "w": dtype "F33" is not one of the format's/],
    ["wrong size", safetensors(one("F32", [3], [0, 8]), data), /tensor "w": F32 \[3\] does not fill 8 bytes/],
    ["backwards", safetensors(one("F32", [0], [8, 0]), data), /tensor "w": data_offsets \[8, 0\] run backwards/],
    [
      "a hole",
      safetensors(one("F32", [1], [4, 8]), data),
      /tensor "w": data_offsets begin at 4, but the tensors before end at 0/,
    ],
    [
      "an overlap",
      safetensors(
        { a: { dtype: "U8", shape: [8], data_offsets: [0, 8] }, b: { dtype: "U8", shape: [4], data_offsets: [4, 8] } },
        data,
      ),
      /tensor "b": data_offsets begin at 4, inside another tensor/,
    ],
    [
      "overflow",
      safetensors(`{"w":["U8",[9223372036854775808,2,0],[0,0]]}`),
      /tensor "w": its shape overflows 64 bits/,
    ],
    [
      "a rank of thousands",
      safetensors(one("U8", Array<number>(2000).fill(1), [0, 1]), data),
      /more than 1024 dimensions/,
    ],
    ["a long name", safetensors({ ["n".repeat(10_000)]: 1 }), /tensor "n{120}…": an object is missing/],
    [
      "a Git LFS pointer",
      Buffer.from("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n"),
      /git lfs pull/,
    ],
    ["a web page", Buffer.from("<!DOCTYPE html><html></html>"), /it is a web page/],
    ["GGUF", Buffer.from("GGUF\x03\0\0\0\xff\xff\xff\xff"), /GGUF/],
  ])("%s", async (_, bytes, message) => {
    put(path, bytes);
    const error: unknown = await readWeightsFile(path).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "weights-invalid" });
    expect((error as Error).message).toMatch(message);
    expect((error as Error).message).toContain(path);
  });

  test.each([
    ["absent", join(folder, "absent.safetensors"), "file-not-found"],
    ["a folder", folder, "file-unreadable"],
  ])("%s", (_, where, code) => expect(readWeightsFile(where)).rejects.toMatchObject({ code }));
});

describe("pickles and their archives are refused under any name", () => {
  const zip = Buffer.concat([Buffer.from("PK\x03\x04"), Buffer.alloc(600)]);
  const tar = Buffer.alloc(1024);
  tar.write("pickle\0", 0);
  tar.write("ustar", 257);
  test.each([
    ["protocol 2", Buffer.from("\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s.", "latin1")],
    ["protocol 4", Buffer.from("\x80\x04\x95\x0b\0\0\0\0\0\0\0}\x94\x8c\x01a\x94K\x01s.", "latin1")],
    ["protocol 5, long frame", Buffer.from("\x80\x05\x95\xff\xff\xff\xff\0\0\0\0}\x94.", "latin1")],
    ["protocol 0", Buffer.from("cposix\nsystem\np0\n(Vtrue\np1\ntp2\nRp3\n.")],
    ["protocol 0, a dictionary", Buffer.from("(dp0\nVa\np1\nI1\ns.")],
    ["torch's zip", zip],
    ["torch's old tar", tar],
  ])("%s", async (_, bytes) => {
    for (const name of ["x.safetensors", "x.ckpt", "x.png"]) {
      const error: unknown = await readWeightsFile(put(join(folder, name), bytes)).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: "weights-unsafe" });
      expect((error as Error).message).toMatch(/convert it with `diffusion models convert`/);
    }
  });

  test("a header of 640 bytes, which begins like one, is none", async () => {
    put(path, safetensors("{}".padEnd(640)));
    expect((await readWeightsFile(path)).tensors.size).toBe(0);
  });
});

test("100,000 tensors", async () => {
  const names = Array.from({ length: 100_000 }, (_, i) => `block.${i}.weight`);
  const { tensors } = await readWeightsFile(put(path, tensorsNamed(...names)));
  expect(tensors.size).toBe(names.length);
  expect(tensors.get("block.99999.weight")).toMatchObject({ shape: tensors.get("block.0.weight")!.shape });
});

const seed = Math.floor(Math.random() * 2 ** 32);
test(`2,000 random mutants (seed ${seed}) give a result or a typed error`, async () => {
  let state = seed;
  const random = (n: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  const whole = tensorsNamed("a.weight", "b", "c");
  for (let i = 0; i < 2000; i++) {
    const bytes = Buffer.from(whole);
    for (let n = random(3); n >= 0; n--) bytes[random(bytes.length)] = random(256);
    put(path, random(4) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes);
    const error: unknown = await readWeightsFile(path).then(
      () => undefined,
      (e: unknown) => e,
    );
    if (error !== undefined) expect(error, bytes.toString("latin1")).toBeInstanceOf(DiffusionError);
  }
});
