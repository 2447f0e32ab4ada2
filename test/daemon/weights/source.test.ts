// Which weights files a folder offers: precision, shards, what is refused.
import { mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { openWeights, openWeightsFile } from "../../../daemon/src/weights/source.ts";
import { put, safetensors, tensorsNamed } from "./files.ts";

const root = mkdtempSync(join(tmpdir(), "source-"));
afterAll(() => rmSync(root, { recursive: true }));

type Files = Record<string, Uint8Array | string | object>;
function folderOf(files: Files): string {
  const folder = mkdtempSync(join(root, "component-"));
  for (const [name, content] of Object.entries(files)) put(join(folder, name), content);
  return folder;
}

const index = (weight_map: Record<string, unknown>): object => ({ metadata: { total_size: NaN }, weight_map });
const full = tensorsNamed("full");
const half = tensorsNamed("half");
const shards: Files = {
  "model-00001-of-00002.safetensors": tensorsNamed("a", "unlisted"),
  "model-00002-of-00002.safetensors": tensorsNamed("b"),
};
const sharded = index({ a: "model-00001-of-00002.safetensors", b: "model-00002-of-00002.safetensors" });

describe("chosen", () => {
  test.each<[string, Files, string | undefined, tensors: string[], files: string[]]>([
    ["one file", { "model.safetensors": full }, undefined, ["full"], ["model.safetensors"]],
    [
      "full precision before half",
      { "model.fp16.safetensors": half, "model.safetensors": full },
      undefined,
      ["full"],
      ["model.safetensors"],
    ],
    [
      "half when it is the only one",
      { "model.fp16.safetensors": half, "model.bin": "" },
      undefined,
      ["half"],
      ["model.fp16.safetensors"],
    ],
    [
      "half when asked for",
      { "model.fp16.safetensors": half, "model.safetensors": full },
      "fp16",
      ["half"],
      ["model.fp16.safetensors"],
    ],
    ["shards", { ...shards, "model.safetensors.index.json": sharded }, undefined, ["a", "b"], Object.keys(shards)],
    [
      "shards of half precision",
      { ...shards, "model.safetensors.index.fp16.json": sharded },
      undefined,
      ["a", "b"],
      Object.keys(shards),
    ],
    [
      "full shards before half",
      { ...shards, "model.safetensors.index.json": sharded, "model.fp16.safetensors": half },
      undefined,
      ["a", "b"],
      Object.keys(shards),
    ],
  ])("%s", async (_, files, variant, tensors, read) => {
    const folder = folderOf(files);
    const source = await openWeights(folder, "model", variant);
    expect([...source.tensors.keys()]).toEqual(tensors);
    expect(source.files).toEqual(read.map((name) => join(folder, name)));
  });

  test("through symbolic links, as download caches lay files out", async () => {
    const folder = folderOf({ "blobs/0123": full, "snapshot/x": "" });
    symlinkSync("../blobs/0123", join(folder, "snapshot/model.safetensors"));
    expect([...(await openWeights(join(folder, "snapshot"), "model")).tensors.keys()]).toEqual(["full"]);
  });

  test("a single file under its own name", async () => {
    const path = join(folderOf({ "any.name": full }), "any.name");
    expect(await openWeightsFile(path)).toMatchObject({ files: [path], tensors: new Map([["full", { file: path }]]) });
  });
});

describe("refused", () => {
  const to = (shard: unknown): Files => ({ ...shards, "model.safetensors.index.json": index({ a: shard }) });
  const odd = safetensors({ w: { dtype: "F8_E5M2", shape: [1], data_offsets: [0, 1] } }, new Uint8Array(1));
  test.each<[string, Files, code: string, message: RegExp]>([
    [
      "an empty folder",
      {},
      "file-not-found",
      /has none of model\.safetensors, model\.safetensors\.index\.json, model\.fp16/,
    ],
    ["another stem", { "other.safetensors": full }, "file-not-found", /it holds other\.safetensors/],
    [
      "pickle alone",
      { "pytorch_model.bin": "x" },
      "weights-unsafe",
      /pytorch_model\.bin: this is a PyTorch checkpoint/,
    ],
    ["a checkpoint alone", { "model.ckpt": "x" }, "weights-unsafe", /diffusion models convert/],
    [
      "a pickle called safetensors",
      { "model.safetensors": Buffer.from("\x80\x02}q\x00X\x01.", "latin1") },
      "weights-unsafe",
      /pickle/,
    ],
    ["an index without map", { "model.safetensors.index.json": {} }, "weights-invalid", /weight_map is missing/],
    [
      "a tensor its shard lacks",
      to("model-00002-of-00002.safetensors"),
      "weights-invalid",
      /tensor "a" is not in model-00002/,
    ],
    ["a shard that is not there", to("model-3.safetensors"), "file-not-found", /model-3\.safetensors/],
    ...["../x", "/etc/passwd", "a/../../x", "C:\\x", "..\\x", "", ".", "a//b", "a\0b", 1, null].map(
      (shard): [string, Files, string, RegExp] => [
        `a shard at ${JSON.stringify(shard)}`,
        to(shard),
        "weights-invalid",
        /not a file name inside the folder/,
      ],
    ),
    [
      "an element type of no network",
      { "model.safetensors": odd },
      "unsupported",
      /tensor "w" has the element type F8_E5M2/,
    ],
  ])("%s", async (_, files, code, message) => {
    const error: unknown = await openWeights(folderOf(files), "model").catch((e: unknown) => e);
    expect(error).toMatchObject({ code });
    expect((error as Error).message).toMatch(message);
  });

  test("a variant that is not there", () =>
    expect(openWeights(folderOf({ "model.safetensors": full }), "model", "bf16")).rejects.toMatchObject({
      code: "file-not-found",
    }));
});
