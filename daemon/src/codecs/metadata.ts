// Generation metadata found in picture files: ours, A1111's, ComfyUI's.
import { DiffusionError } from "../base/errors.ts";
import { readExif } from "./exif.ts";
import { imageFormatOf } from "./image-format.ts";
import { readJpegMetadata, type MetadataBlocks } from "./jpeg-metadata.ts";
import { pngExif, readPngTexts } from "./png-text.ts";
import { readWebpMetadata } from "./webp-metadata.ts";

/** The texts as they stand in the file, unread. */
export interface PictureMetadata {
  /** Our record's JSON, for `parseRecord`. */
  readonly record?: string;
  /** A1111's line, for `parseA1111Parameters`. */
  readonly parameters?: string;
  /** ComfyUI's graph in API format, JSON. */
  readonly comfyPrompt?: string;
  /** ComfyUI's graph as its editor keeps it, JSON. */
  readonly comfyWorkflow?: string;
}

/**
 * What a PNG, JPEG or WebP file says about its making. Damaged parts are as if they were absent; other formats say nothing.
 * @throws DiffusionError `picture-invalid` when the bytes are no picture
 */
export function readMetadata(bytes: Uint8Array): PictureMetadata {
  const format = imageFormatOf(bytes);
  if (!format) throw new DiffusionError("picture-invalid", "this is not a picture file");
  if (format === "png") return metadataOfPng(bytes);
  if (format === "jpeg") return metadataOfBlocks(readJpegMetadata(bytes));
  if (format === "webp") return metadataOfBlocks(readWebpMetadata(bytes));
  return {};
}

function metadataOfPng(bytes: Uint8Array): PictureMetadata {
  const texts = readPngTexts(bytes);
  const exif = pngExif(bytes);
  const inExif = exif ? metadataOfBlocks({ exif }) : {};
  return present({
    record: texts.get("diffusion"),
    parameters: texts.get("parameters") ?? inExif.parameters,
    comfyPrompt: texts.get("prompt") ?? inExif.comfyPrompt,
    comfyWorkflow: texts.get("workflow") ?? inExif.comfyWorkflow,
  });
}

/** ComfyUI's WebP files carry `prompt:{…}` and `workflow:{…}` in text tags of EXIF. */
function metadataOfBlocks({ exif, record }: MetadataBlocks): PictureMetadata {
  const { comment, texts } = exif ? readExif(exif) : { texts: [] };
  const tagged = (name: string): string | undefined =>
    texts.find((text) => text.startsWith(`${name}:`))?.slice(name.length + 1);
  return present({ record, parameters: comment, comfyPrompt: tagged("prompt"), comfyWorkflow: tagged("workflow") });
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

/** Without the keys that have no value or an empty text. */
function present(metadata: Optional<PictureMetadata>): PictureMetadata {
  return Object.fromEntries(Object.entries(metadata).filter(([, text]) => text));
}
