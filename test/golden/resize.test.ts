// Picture sizes, masks, blur and CLIP's pixels against Pillow, diffusers and transformers: the oracle's case within one level, the rest bit for bit.
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { gaussianBlur } from "../../daemon/src/codecs/blur.ts";
import { CLIP_PREPROCESS, preprocessForClip } from "../../daemon/src/codecs/clip-preprocess.ts";
import { decodeImage } from "../../daemon/src/codecs/decode.ts";
import type { Channels, Image } from "../../daemon/src/codecs/image.ts";
import { preprocessImage, preprocessMask, type ResizeMode } from "../../daemon/src/codecs/preprocess.ts";
import { resize, type Filter } from "../../daemon/src/codecs/resample.ts";
import type { Tensor } from "../../daemon/src/tensor/tensor.ts";
import { readSafetensors } from "./read-safetensors.ts";
import { referenceFolder } from "./reference.ts";

describe("the oracle's case", async () => {
  const folder = referenceFolder("resize", "resize");
  const want = readSafetensors(join(folder, "expected/tensors.safetensors"));
  const image = await decodeImage(join(folder, "inputs/image.png"));
  const mask = await decodeImage(join(folder, "inputs/mask.png"), { channels: 1 });
  const square = { width: 64, height: 64 };
  // One level of 255: of [-1, 1]; of CLIP's normalised pixels at the smallest deviation; none for a mask.
  const cases: Record<string, [got: Tensor, level: number]> = {
    preprocess: [preprocessImage(image), 2 / 255],
    preprocess_64x96: [preprocessImage(image, { height: 64, width: 96 }), 2 / 255],
    mode_default: [preprocessImage(image, square), 2 / 255],
    mode_fill: [preprocessImage(image, { ...square, mode: "fill" }), 2 / 255],
    mode_crop: [preprocessImage(image, { ...square, mode: "crop" }), 2 / 255],
    mask: [preprocessMask(mask, { height: 64, width: 96 }), 0],
    clip: [preprocessForClip(image, { ...CLIP_PREPROCESS, size: 28 }), 1 / 255 / 0.26],
  };
  test("holds the tensors we compare", () => expect(Object.keys(want).sort()).toEqual(Object.keys(cases).sort()));
  test.each(Object.entries(cases))("%s", (name, [got, level]) => {
    expect(got.shape).toEqual(want[name]!.shape);
    const worst = got.data.reduce((most, value, i) => Math.max(most, Math.abs(value - want[name]!.data[i]!)), 0);
    expect(worst).toBeLessThanOrEqual(level * 1.001);
  });
});

interface Computed {
  kind: "resize" | "blur" | "vae" | "clip";
  start: number;
  from_: [width: number, height: number, channels: Channels];
  to: [width: number, height: number];
  filter: Filter;
  radius: number;
  multiple: number;
  mode: ResizeMode;
  size: number;
  sha256: string;
  mask: string;
}

function synthetic(start: number, [width, height, channels]: Computed["from_"]): Image {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => Math.imul(start + i, 0x9e3779b1) >>> 13);
  return { width, height, channels, data };
}

const sha256 = (data: Uint8Array | Float32Array): string =>
  createHash("sha256").update(Buffer.from(data.buffer, data.byteOffset, data.byteLength)).digest("hex");

describe("bit for bit", () => {
  const path = join(import.meta.dirname, "resize/pillow.json");
  const { computed } = JSON.parse(readFileSync(path, "utf8")) as { computed: Computed[] };
  const results: Record<Computed["kind"], (image: Image, row: Computed) => Record<string, string>> = {
    resize: (image, { to, filter }) => ({ sha256: sha256(resize(image, ...to, filter).data) }),
    blur: (image, { radius }) => ({ sha256: sha256(gaussianBlur(image, radius).data) }),
    vae(image, { to: [width, height], multiple, mode }) {
      const options = { width, height, multiple, mode };
      return { sha256: sha256(preprocessImage(image, options).data), mask: sha256(preprocessMask(image, options).data) };
    },
    clip: (image, { size }) => ({ sha256: sha256(preprocessForClip(image, { ...CLIP_PREPROCESS, size }).data) }),
  };
  test.each(Object.keys(results) as Computed["kind"][])("%s", (kind) => {
    const rows = computed.filter((row) => row.kind === kind);
    expect(rows.length).toBeGreaterThan(10);
    for (const row of rows)
      expect(row, JSON.stringify(row)).toMatchObject(results[kind](synthetic(row.start, row.from_), row));
  });
});
