// Decoding of picture files: the same bytes as Pillow's, and nothing but pictures.
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import sharp from "sharp";
import { afterAll, describe, expect, test } from "vitest";
import type { DiffusionError } from "../../../daemon/src/base/errors.ts";
import { decodeImage } from "../../../daemon/src/codecs/decode.ts";

const references = join(import.meta.dirname, "../../golden/resize");
const pictures = join(references, "pictures");

interface Decoded {
  picture: string;
  width: number;
  height: number;
  L: string;
  RGB: string;
  RGBA: string;
}

const { decoded } = JSON.parse(readFileSync(join(references, "pillow.json"), "utf8")) as { decoded: Decoded[] };
const sha256 = (data: Uint8Array): string => createHash("sha256").update(data).digest("hex");

describe("decodes as Pillow does", () => {
  test.each(decoded)("$picture", async ({ picture, width, height, L, RGB, RGBA }) => {
    for (const [channels, want] of [
      [1, L],
      [3, RGB],
      [4, RGBA],
    ] as const) {
      const image = await decodeImage(join(pictures, picture), { channels });
      expect([image.width, image.height, image.channels]).toEqual([width, height, channels]);
      expect(sha256(image.data), `${channels} channels`).toBe(want);
    }
  });

  test("AVIF", async () => {
    const image = await decodeImage(join(pictures, "colours.avif"));
    expect([image.width, image.height, image.channels]).toEqual([23, 17, 3]);
  });

  test("from bytes, which may be a view into others", async () => {
    const file = readFileSync(join(pictures, "rgb.png"));
    const padded = Buffer.concat([Buffer.alloc(13, 1), file, Buffer.alloc(5, 2)]);
    const image = await decodeImage(padded.subarray(13, 13 + file.length));
    expect(sha256(image.data)).toBe(decoded.find(({ picture }) => picture === "rgb.png")!.RGB);
  });
});

const svg = '<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><rect width="8" height="8"/></svg>';
const heic = Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypheic\0\0\0\0mif1heic"), Buffer.alloc(64)]);
const half = (name: string): Uint8Array => {
  const bytes = readFileSync(join(pictures, name));
  return bytes.subarray(0, bytes.length / 2);
};

describe("refuses", () => {
  test.each<[what: string, bytes: Uint8Array]>([
    ["SVG", Buffer.from(svg)],
    ["SVG behind a declaration", Buffer.from(`<?xml version="1.0"?>\n${svg}`)],
    ["SVG behind a PNG's signature", Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.from(svg)])],
    ["PDF", Buffer.from("%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer<<>>\n%%EOF")],
    ["HEIC", heic],
    [
      "HEIC that claims to be AVIF",
      Buffer.concat([Buffer.from([0, 0, 0, 24]), Buffer.from("ftypavif\0\0\0\0mif1heic"), Buffer.alloc(64)]),
    ],
    ["a netpbm picture", Buffer.from("P6 1 1 255\nabc")],
    ["text", Buffer.from("hello")],
    ["an empty file", Buffer.alloc(0)],
    ["half a PNG", half("rgb.png")],
    ["half a JPEG", half("sub444.jpg")],
    ["half a WebP", half("lossless.webp")],
    ["half an AVIF", half("colours.avif")],
    ["a PNG's signature only", readFileSync(join(pictures, "rgb.png")).subarray(0, 8)],
  ])("%s", async (_, bytes) => {
    await expect(decodeImage(bytes)).rejects.toMatchObject({ name: "DiffusionError", code: "picture-invalid" });
  });

  test("SVG even where the library is asked directly", async () => {
    await expect(sharp(Buffer.from(svg)).metadata()).rejects.toThrow();
  });
});

describe("limits and files", () => {
  const folder = mkdtempSync(join(tmpdir(), "diffusion-"));
  afterAll(() => rmSync(folder, { recursive: true }));
  const codeOf = (source: string | Uint8Array, maxPixels?: number): Promise<string> =>
    decodeImage(source, maxPixels === undefined ? {} : { maxPixels }).then(
      () => "decoded",
      (error: unknown) => (error as DiffusionError).code,
    );

  test("a picture of exactly the limit passes, one pixel more does not", async () => {
    const picture = join(pictures, "rgb.png");
    expect(await codeOf(picture, 23 * 17)).toBe("decoded");
    expect(await codeOf(picture, 23 * 17 - 1)).toBe("picture-too-large");
  });

  test("64 megapixels by default", async () => {
    const blank = (width: number, height: number): Promise<Buffer> =>
      sharp({ create: { width, height, channels: 3, background: "black" }, limitInputPixels: false })
        .png()
        .toBuffer();
    await expect(decodeImage(await blank(8001, 8000))).rejects.toThrow("8001x8000 pixels, more than the 64 megapixels");
  });

  test("a header that lies about its size", async () => {
    const png = readFileSync(join(pictures, "rgb.png"));
    png.writeUInt32BE(2 ** 31 - 1, 16);
    png.writeUInt32BE(2 ** 31 - 1, 20);
    expect(["picture-invalid", "picture-too-large"]).toContain(await codeOf(png));
  });

  test("a missing file is named", async () => {
    const path = join(folder, "absent.png");
    await expect(decodeImage(path)).rejects.toMatchObject({ code: "file-not-found" });
    await expect(decodeImage(path)).rejects.toThrow(path);
  });

  test("a folder, and a pipe that nobody writes to", async () => {
    expect(await codeOf(folder)).toBe("file-unreadable");
    if (process.platform === "win32") return;
    const pipe = join(folder, "pipe");
    execFileSync("mkfifo", [pipe]);
    expect(await codeOf(pipe)).toBe("file-unreadable");
  });

  test("the extension does not matter", async () => {
    const path = join(folder, "picture.txt");
    writeFileSync(path, readFileSync(join(pictures, "sub444.jpg")));
    expect(await codeOf(path)).toBe("decoded");
  });
});
