// Pictures and masks → tensors for an autoencoder, as diffusers' VaeImageProcessor.preprocess (src/diffusers/image_processor.py).
import { DiffusionError } from "../base/errors.ts";
import { map, type Tensor } from "../tensor/tensor.ts";
import { tensorFromImage, type Range } from "./image-tensor.ts";
import { blankImage, toGrey, toRgb, type Image } from "./image.ts";
import { resize, type Filter } from "./resample.ts";

/** `default` stretches, `fill` fits the picture in and smears its edges outwards, `crop` covers the size and cuts. */
export type ResizeMode = "default" | "fill" | "crop";

export interface PreprocessOptions {
  /** Pixels; the picture's own where absent. Both are rounded down to `multiple`. */
  readonly width?: number;
  readonly height?: number;
  /** What the sides must be divisible by: the autoencoder's scale factor. Default 8. */
  readonly multiple?: number;
  readonly mode?: ResizeMode;
  readonly filter?: Filter;
  /** Black and white of the result. Default `signed`. */
  readonly range?: Range;
}

/**
 * A picture as RGB (1, 3, h, w).
 * @throws DiffusionError `picture-invalid` when a side falls below `multiple`
 */
export function preprocessImage(image: Image, options: PreprocessOptions = {}): Tensor {
  return tensorFromImage(fitImage(toRgb(image), options), options.range ?? "signed");
}

/**
 * A mask as (1, 1, h, w): 1 where the picture is at least half white after resizing, else 0.
 * @throws DiffusionError `picture-invalid` when a side falls below `multiple`
 */
export function preprocessMask(mask: Image, options: Omit<PreprocessOptions, "range"> = {}): Tensor {
  return map(tensorFromImage(toGrey(fitImage(mask, options)), "unit"), (value) => (value < 0.5 ? 0 : 1));
}

/** The picture at the size and in the manner of `options`, still in bytes. @throws DiffusionError `picture-invalid` */
export function fitImage(image: Image, options: Omit<PreprocessOptions, "range"> = {}): Image {
  const { multiple = 8, mode = "default", filter = "lanczos" } = options;
  const [width, height] = [options.width ?? image.width, options.height ?? image.height].map(
    (side) => side - (side % multiple),
  );
  if (!width || !height)
    throw new DiffusionError(
      "picture-invalid",
      `a picture of ${image.width}x${image.height} is too small: the model needs sides of at least ${multiple} pixels`,
    );
  return { default: stretch, fill, crop }[mode](image, width, height, filter);
}

const stretch = (image: Image, width: number, height: number, filter: Filter): Image =>
  resize(image, width, height, filter);

function crop(image: Image, width: number, height: number, filter: Filter): Image {
  const wider = width / height > image.width / image.height;
  const [w, h] = wider
    ? [width, scaled(image.height, width, image.width)]
    : [scaled(image.width, height, image.height), height];
  return onCanvas(resize(image, w, h, filter), width, height);
}

/** The bands beside the fitted picture hold its outermost pixels, through Pillow's bicubic over an empty box. */
function fill(image: Image, width: number, height: number, filter: Filter): Image {
  const ratio = width / height;
  const sourceRatio = image.width / image.height;
  const narrower = ratio < sourceRatio;
  const w = narrower ? width : scaled(image.width, height, image.height);
  const h = narrower ? scaled(image.height, width, image.width) : height;
  const fitted = resize(image, w, h, filter);
  const canvas = onCanvas(fitted, width, height);
  const bandHeight = half(height) - half(h);
  const bandWidth = half(width) - half(w);
  if (narrower && bandHeight > 0) {
    const band = (at: number): Image =>
      resize(fitted, width, bandHeight, "bicubic", { left: 0, top: at, right: width, bottom: at });
    paste(canvas, band(0), 0, 0);
    paste(canvas, band(h), 0, bandHeight + h);
  } else if (ratio > sourceRatio && bandWidth > 0) {
    const band = (at: number): Image =>
      resize(fitted, bandWidth, height, "bicubic", { left: at, top: 0, right: at, bottom: height });
    paste(canvas, band(0), 0, 0);
    paste(canvas, band(w), bandWidth + w, 0);
  }
  return canvas;
}

const scaled = (side: number, to: number, from: number): number => Math.floor((side * to) / from);
const half = (side: number): number => Math.floor(side / 2);

function onCanvas(image: Image, width: number, height: number): Image {
  const canvas = blankImage(width, height, image.channels);
  paste(canvas, image, half(width) - half(image.width), half(height) - half(image.height));
  return canvas;
}

/** Copies `image` into `canvas` with its corner at (left, top); what lies outside is cut off. */
function paste(canvas: Image, image: Image, left: number, top: number): void {
  const { channels } = image;
  const firstX = Math.max(0, -left);
  const endX = Math.min(image.width, canvas.width - left);
  const endY = Math.min(image.height, canvas.height - top);
  for (let y = Math.max(0, -top); y < endY; y++) {
    const row = image.data.subarray((y * image.width + firstX) * channels, (y * image.width + endX) * channels);
    canvas.data.set(row, ((y + top) * canvas.width + firstX + left) * channels);
  }
}
