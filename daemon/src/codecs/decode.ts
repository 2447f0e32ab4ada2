// Picture files → pixels, as diffusers' load_image: Pillow's decoding, orientation from EXIF, no colour profile, no compositing of alpha.
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import sharp, { type Sharp } from "sharp";
import { DiffusionError } from "../base/errors.ts";
import { reason } from "../base/files.ts";
import { imageFormatOf } from "./image-format.ts";
import { toChannels, type Channels, type Image } from "./image.ts";

// Everything else libvips can open stays shut: SVG and PDF are programs, the rest has no use here.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: ["Png", "Jpeg", "Webp", "Heif", "Nsgif", "Tiff"].map((name) => `VipsForeignLoad${name}Buffer`),
});

const MEGAPIXEL = 1_000_000;
const SECONDS = 120;

export interface DecodeOptions {
  /** Channels of the result. Default 3. */
  readonly channels?: Channels;
  /** Default 64 megapixels. */
  readonly maxPixels?: number;
}

/**
 * The picture in a PNG, JPEG, WebP, AVIF, GIF (first frame) or TIFF file, upright.
 * @param source the file's path or its bytes
 * @throws DiffusionError `file-not-found`, `file-unreadable`, `picture-too-large`, `picture-invalid`
 */
export async function decodeImage(source: string | Uint8Array, options: DecodeOptions = {}): Promise<Image> {
  const bytes = typeof source === "string" ? await readPicture(source) : source;
  const name = typeof source === "string" ? source : "the picture";
  if (!imageFormatOf(bytes))
    throw new DiffusionError("picture-invalid", `${name} is not a PNG, JPEG, WebP, AVIF, GIF or TIFF picture`);
  try {
    return toChannels(await decode(bytes, name, options.maxPixels ?? 64 * MEGAPIXEL), options.channels ?? 3);
  } catch (cause) {
    if (cause instanceof DiffusionError) throw cause;
    throw new DiffusionError("picture-invalid", `${name} cannot be decoded: ${reason(cause)}`, { cause });
  }
}

/** The bytes of a regular file. @throws DiffusionError `file-not-found`, `file-unreadable` */
export async function readPicture(path: string): Promise<Uint8Array> {
  try {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK); // a pipe must not stop us
    try {
      if (!(await file.stat()).isFile()) throw new Error("it is not a file");
      return await file.readFile();
    } finally {
      await file.close();
    }
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "file-not-found" : "file-unreadable";
    throw new DiffusionError(code, `cannot read the picture ${path}: ${reason(cause)}`, { cause });
  }
}

async function decode(bytes: Uint8Array, name: string, maxPixels: number): Promise<Image> {
  // Above the limit `metadata` still answers, so that the message can tell the size.
  const settings = { failOn: "error", ignoreIcc: true, autoOrient: true } as const;
  const { width, height, space, depth } = await sharp(bytes, { ...settings, limitInputPixels: false }).metadata();
  if (width * height > maxPixels)
    throw new DiffusionError(
      "picture-too-large",
      `${name} has ${width}x${height} pixels, more than the ${maxPixels / MEGAPIXEL} megapixels allowed: make it smaller`,
    );
  const picture = sharp(bytes, { ...settings, limitInputPixels: maxPixels }).timeout({ seconds: SECONDS });
  if (space === "cmyk") return cmykToRgb(picture);
  if (depth === "ushort" && space === "grey16") return wideGreyToGrey(picture);
  const { data, info } = await picture
    .toColourspace("srgb")
    .raw({ depth: "uchar" })
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, channels: info.channels as Channels, data: viewOf(data) };
}

/** Pillow's arithmetic without profile (`cmyk2rgb`, libImaging/Convert.c). */
async function cmykToRgb(picture: Sharp): Promise<Image> {
  const inks = picture.pipelineColourspace("cmyk").toColourspace("cmyk").raw({ depth: "uchar" });
  const { data, info } = await inks.toBuffer({ resolveWithObject: true });
  const { width, height } = info;
  const out = new Uint8Array(width * height * 3);
  for (let i = 0, o = 0; o < out.length; i += info.channels) {
    const light = 255 - data[i + 3]!;
    for (let c = 0; c < 3; c++) {
      const product = data[i + c]! * light + 128;
      out[o++] = Math.max(0, light - (((product >> 8) + product) >> 8));
    }
  }
  return { width, height, channels: 3, data: out };
}

/** Pillow clips 16-bit grey at 255 instead of scaling it (mode I;16); with alpha it keeps the high bytes (mode LA). */
async function wideGreyToGrey(picture: Sharp): Promise<Image> {
  const wide = picture.toColourspace("grey16").raw({ depth: "ushort" });
  const { data, info } = await wide.toBuffer({ resolveWithObject: true });
  const { width, height, channels } = info;
  const values = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  if (channels === 1) return { width, height, channels: 1, data: Uint8Array.from(values, (v) => Math.min(v, 255)) };
  const out = new Uint8Array(width * height * 4);
  for (let i = 0, o = 0; o < out.length; i += channels, o += 4) {
    out.fill(values[i]! >> 8, o, o + 3);
    out[o + 3] = values[i + 1]! >> 8;
  }
  return { width, height, channels: 4, data: out };
}

const viewOf = (data: Buffer): Uint8Array => new Uint8Array(data.buffer, data.byteOffset, data.length);
