// Pixels → PNG, JPEG or WebP files with generation metadata inside. The same picture and metadata give the same bytes.
import sharp, { type Sharp } from "sharp";
import { DiffusionError } from "../base/errors.ts";
import { reason } from "../base/files.ts";
import { exifWithComment } from "./exif.ts";
import { stringifyRecord, type GenerationRecord } from "./generation-record.ts";
import { toRgb, type Image } from "./image.ts";
import { insertJpegMetadata, type MetadataBlocks } from "./jpeg-metadata.ts";
import { insertPngTexts } from "./png-text.ts";
import { insertWebpMetadata } from "./webp-metadata.ts";

export type OutputFormat = "png" | "jpeg" | "webp";

/** What goes into the file beside the pixels. */
export interface EmbeddedMetadata {
  /** Ours: iTXt `diffusion` in a PNG, an XMP property in JPEG and WebP. */
  readonly record?: GenerationRecord;
  /** A1111's line (`a1111Parameters`): iTXt `parameters` in a PNG, the EXIF UserComment in JPEG and WebP. */
  readonly parameters?: string;
}

export interface EncodeOptions {
  /** 1 … 100 for JPEG and WebP; PNG is always exact. Default 95. */
  readonly quality?: number;
  readonly metadata?: EmbeddedMetadata;
}

const DEFAULT_QUALITY = 95;

/**
 * The bytes of a picture file. JPEG drops alpha. A JPEG whose `parameters` exceed 64 kB goes without them; the record always fits.
 * @throws DiffusionError `picture-invalid` when the format cannot hold the picture (WebP ends at 16383 pixels a side)
 */
export async function encodeImage(
  image: Image,
  format: OutputFormat,
  options: EncodeOptions = {},
): Promise<Uint8Array> {
  const { quality = DEFAULT_QUALITY, metadata = {} } = options;
  const pixels = await compress(format === "jpeg" && image.channels === 4 ? toRgb(image) : image, format, quality);
  const record = metadata.record && stringifyRecord(metadata.record);
  const { parameters } = metadata;
  if (record === undefined && parameters === undefined) return pixels;
  if (format === "png") return insertPngTexts(pixels, pngTexts(record, parameters));
  const blocks: MetadataBlocks = {
    ...(parameters !== undefined && { exif: exifWithComment(parameters) }),
    ...(record !== undefined && { record }),
  };
  if (format === "jpeg") return insertJpegMetadata(pixels, blocks);
  return insertWebpMetadata(pixels, blocks, image.width, image.height);
}

function pngTexts(record: string | undefined, parameters: string | undefined): [string, string][] {
  const texts: [string, string][] = [];
  if (parameters !== undefined) texts.push(["parameters", parameters]);
  if (record !== undefined) texts.push(["diffusion", record]);
  return texts;
}

async function compress(image: Image, format: OutputFormat, quality: number): Promise<Uint8Array> {
  const { width, height, channels, data } = image;
  const raw = sharp(data, { raw: { width, height, channels }, limitInputPixels: false });
  try {
    return await encoders[format](raw.toColourspace(channels === 1 ? "b-w" : "srgb"), quality).toBuffer();
  } catch (cause) {
    const message = `a picture of ${width}x${height} cannot be written as ${format}: ${reason(cause)}`;
    throw new DiffusionError("picture-invalid", message, { cause });
  }
}

type Encoder = (raw: Sharp, quality: number) => Sharp;

// Every setting that changes bytes is spelled out, so that a new default of sharp does not.
const encoders: Record<OutputFormat, Encoder> = {
  png: (raw) => raw.png({ compressionLevel: 6, adaptiveFiltering: false, palette: false, progressive: false }),
  jpeg: (raw, quality) => raw.jpeg({ quality, chromaSubsampling: "4:4:4", mozjpeg: false, progressive: false }),
  webp: (raw, quality) => raw.webp({ quality, effort: 4, smartSubsample: true, lossless: false }),
};
