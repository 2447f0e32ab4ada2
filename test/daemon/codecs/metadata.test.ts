// Generation metadata in picture files: what we write comes back; what others write is found; what is broken is passed over.
import { crc32, deflateSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { decodeImage } from "../../../daemon/src/codecs/decode.ts";
import { encodeImage, type OutputFormat } from "../../../daemon/src/codecs/encode.ts";
import { parseRecord, stringifyRecord } from "../../../daemon/src/codecs/generation-record.ts";
import type { Channels } from "../../../daemon/src/codecs/image.ts";
import { readMetadata } from "../../../daemon/src/codecs/metadata.ts";
import { gradient, sampleRecord } from "./samples.ts";

const formats: OutputFormat[] = ["png", "jpeg", "webp"];
const parameters = "a cat, 日本 😀\nNegative prompt: dog\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1";

describe.each(formats)("%s", (format) => {
  const picture = gradient(31, 22, 3);

  test.each<[what: string, metadata: object]>([
    ["record and parameters", { record: sampleRecord, parameters }],
    ["record alone", { record: sampleRecord }],
    ["parameters alone", { parameters }],
    ["nothing", {}],
  ])("%s come back", async (_, metadata: { record?: typeof sampleRecord; parameters?: string }) => {
    const found = readMetadata(await encodeImage(picture, format, { metadata }));
    expect(found.parameters).toBe(metadata.parameters);
    expect(found.record && parseRecord(found.record)).toEqual(metadata.record);
  });

  test("a record of 200 kB comes back", async () => {
    const record = { ...sampleRecord, node: `diffusion: 1\nprompt: ${"long ".repeat(40_000)}\n` };
    const found = readMetadata(await encodeImage(picture, format, { metadata: { record, parameters } }));
    expect(parseRecord(found.record!)).toEqual(record);
    expect(found.parameters).toBe(parameters);
  });

  test("the pixels are those of the file without metadata, and the same bytes come out twice", async () => {
    for (const channels of [1, 3, 4] as Channels[]) {
      const image = gradient(31, 22, channels);
      const options = { quality: 90, metadata: { record: sampleRecord, parameters } };
      const bytes = await encodeImage(image, format, options);
      const bare = await decodeImage(await encodeImage(image, format, { quality: 90 }), { channels });
      expect(await decodeImage(bytes, { channels })).toEqual(bare);
      expect(Buffer.compare(await encodeImage(image, format, options), bytes)).toBe(0);
      if (format === "png") expect(bare).toEqual(image);
    }
  });
});

test("a WebP side beyond 16383 pixels is refused by name", async () => {
  const wide = gradient(16_384, 1, 3);
  await expect(encodeImage(wide, "webp")).rejects.toMatchObject({ code: "picture-invalid" });
  await expect(encodeImage(wide, "webp")).rejects.toThrow("16384x1");
});

test("quality changes the size", async () => {
  const size = async (quality: number): Promise<number> =>
    (await encodeImage(gradient(64, 64, 3), "jpeg", { quality })).length;
  expect(await size(20)).toBeLessThan(await size(90));
});

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const out = Buffer.alloc(8 + body.length);
  out.writeUInt32BE(data.length);
  body.copy(out, 4);
  out.writeUInt32BE(crc32(body), 4 + body.length);
  return out;
}

const signature = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");
const pngOf = (...chunks: Buffer[]): Buffer =>
  Buffer.concat([signature, chunk("IHDR", Buffer.alloc(13)), ...chunks, chunk("IEND", Buffer.alloc(0))]);
const latin = (text: string): Buffer => Buffer.from(text, "latin1");
const bomb = deflateSync(Buffer.alloc(64 * 1024 * 1024));

/** A little-endian TIFF of one text tag, as ComfyUI's WebP files have it. */
function exifText(tag: number, text: string): Buffer {
  const value = Buffer.from(`${text}\0`);
  const head = Buffer.alloc(26);
  head.write("II*\0", "latin1");
  head.writeUInt32LE(8, 4);
  head.writeUInt16LE(1, 8);
  head.writeUInt16LE(tag, 10);
  head.writeUInt16LE(2, 12);
  head.writeUInt32LE(value.length, 14);
  head.writeUInt32LE(26, 18);
  return Buffer.concat([head, value]);
}

describe("chunks of other programs", () => {
  test.each<[what: string, bytes: Buffer, found: object]>([
    ["tEXt is Latin-1", pngOf(chunk("tEXt", latin("parameters\0caf\xe9"))), { parameters: "café" }],
    [
      "zTXt",
      pngOf(chunk("zTXt", Buffer.concat([latin("parameters\0\0"), deflateSync(latin("caf\xe9"))]))),
      { parameters: "café" },
    ],
    [
      "iTXt with language and translated keyword",
      pngOf(chunk("iTXt", Buffer.from("parameters\0\0\0en\0Werte\0日本"))),
      { parameters: "日本" },
    ],
    [
      "compressed iTXt",
      pngOf(chunk("iTXt", Buffer.concat([latin("parameters\0\x01\0\0\0"), deflateSync(Buffer.from("日本"))]))),
      { parameters: "日本" },
    ],
    [
      "ComfyUI",
      pngOf(chunk("tEXt", latin("prompt\0{}")), chunk("tEXt", latin("workflow\0[]"))),
      { comfyPrompt: "{}", comfyWorkflow: "[]" },
    ],
    [
      "the first of two",
      pngOf(chunk("tEXt", latin("parameters\0one")), chunk("tEXt", latin("parameters\0two"))),
      { parameters: "one" },
    ],
    ["ComfyUI in EXIF", pngOf(chunk("eXIf", exifText(0x110, 'prompt:{"1": {}}'))), { comfyPrompt: '{"1": {}}' }],
    [
      "a text that inflates beyond the limit",
      pngOf(chunk("zTXt", Buffer.concat([latin("parameters\0\0"), bomb])), chunk("tEXt", latin("prompt\0{}"))),
      { comfyPrompt: "{}" },
    ],
    [
      "a text longer than the limit",
      pngOf(chunk("tEXt", Buffer.concat([latin("parameters\0"), Buffer.alloc(8 * 1024 * 1024 + 1, 65)]))),
      {},
    ],
    ["broken compression", pngOf(chunk("zTXt", latin("parameters\0\0garbage"))), {}],
    ["a chunk without keyword", pngOf(chunk("tEXt", latin("parameters"))), {}],
    ["an iTXt cut short", pngOf(chunk("iTXt", latin("parameters\0\0"))), {}],
    [
      "a length beyond the file",
      Buffer.concat([signature, Buffer.from([127, 255, 255, 255]), latin("tEXtparameters\0x")]),
      {},
    ],
    ["other formats", Buffer.from("GIF89a"), {}],
  ])("%s", (_, bytes, found) => expect(readMetadata(bytes)).toEqual(found));

  test("no picture at all", () => {
    expect(() => readMetadata(Buffer.from("<svg/>"))).toThrow(expect.objectContaining({ code: "picture-invalid" }));
  });
});

/** A JPEG's first segments: the EXIF block with a UserComment of these bytes, in the byte order given. */
function jpegWithComment(order: "II" | "MM", comment: Buffer): Buffer {
  const little = order === "II";
  const tiff = Buffer.alloc(44);
  const u16 = (value: number, at: number): number =>
    little ? tiff.writeUInt16LE(value, at) : tiff.writeUInt16BE(value, at);
  const u32 = (value: number, at: number): number =>
    little ? tiff.writeUInt32LE(value, at) : tiff.writeUInt32BE(value, at);
  tiff.write(order, "latin1");
  // Two directories of one tag each: at 8 the pointer to the second, at 26 the comment, which lies at 44.
  for (const [value, at] of [
    [42, 2],
    [1, 8],
    [0x8769, 10],
    [4, 12],
    [1, 26],
    [0x9286, 28],
    [7, 30],
  ] as const)
    u16(value, at);
  for (const [value, at] of [
    [8, 4],
    [1, 14],
    [26, 18],
    [comment.length, 32],
    [44, 36],
  ] as const)
    u32(value, at);
  const data = Buffer.concat([latin("Exif\0\0"), tiff, comment]);
  return Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe1, (data.length + 2) >> 8, (data.length + 2) & 255]), data]);
}

describe("comments in EXIF", () => {
  const utf16 = (text: string): Buffer => Buffer.from(text, "utf16le");
  test.each<[what: string, bytes: Buffer, parameters: string]>([
    [
      "piexif: big-endian text in a big-endian block",
      jpegWithComment("MM", Buffer.concat([latin("UNICODE\0"), utf16("a cat").swap16()])),
      "a cat",
    ],
    [
      "big-endian text in a little-endian block",
      jpegWithComment("II", Buffer.concat([latin("UNICODE\0"), utf16("a cat").swap16()])),
      "a cat",
    ],
    ["little-endian text", jpegWithComment("II", Buffer.concat([latin("UNICODE\0"), utf16("a cat")])), "a cat"],
    [
      "no Latin letters: the block's order",
      jpegWithComment("MM", Buffer.concat([latin("UNICODE\0"), utf16("日本").swap16()])),
      "日本",
    ],
    ["ASCII", jpegWithComment("MM", latin("ASCII\0\0\0a cat\0\0")), "a cat"],
    ["no code, UTF-8", jpegWithComment("MM", Buffer.from("a cat, 日本")), "a cat, 日本"],
  ])("%s", (_, bytes, text) => expect(readMetadata(bytes)).toEqual({ parameters: text }));
});

describe("records", () => {
  const stored = JSON.parse(JSON.stringify({ ...sampleRecord, seeds: [1] })) as object;
  test("seeds of 64 bits are plain JSON numbers", () => {
    expect(stringifyRecord(sampleRecord)).toContain('"seeds":[18446744073709551615,4,9007199254740992]');
  });
  test.each<[what: string, record: object, code: string]>([
    ["newer", { ...stored, format: 2 }, "not-available"],
    ["without format", { ...stored, format: undefined }, "picture-invalid"],
    ["node not text", { ...stored, node: 1 }, "picture-invalid"],
    ["seed not whole", { ...stored, seeds: [1.5] }, "picture-invalid"],
    ["weights not a list", { ...stored, weights: {} }, "picture-invalid"],
    ["weight without hash", { ...stored, weights: [{ file: "a" }] }, "picture-invalid"],
    ["a list", [], "picture-invalid"],
  ])("%s", (_, record, code) => {
    expect(() => parseRecord(JSON.stringify(record))).toThrow(expect.objectContaining({ code }));
  });
  test("no JSON", () => expect(() => parseRecord("{")).toThrow(expect.objectContaining({ code: "picture-invalid" })));
});
