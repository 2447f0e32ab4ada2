// Pictures → tensors for CLIP's vision tower, as CLIPImageProcessor of transformers (its torchvision backend).
import { tensor, type Tensor } from "../tensor/tensor.ts";
import { blankImage, toRgb, type Image } from "./image.ts";
import { resize, TORCH } from "./resample.ts";

const f32 = Math.fround;

export interface ClipPreprocessOptions {
  /** The shorter side after resizing, and both sides after the crop. */
  readonly size: number;
  /** Per channel, of pixels in 0 … 1. */
  readonly mean: readonly number[];
  readonly deviation: readonly number[];
}

/** preprocessor_config.json of openai/clip-vit-large-patch14. */
export const CLIP_PREPROCESS: ClipPreprocessOptions = {
  size: 224,
  mean: [0.48145466, 0.4578275, 0.40821073],
  deviation: [0.26862954, 0.26130258, 0.27577711],
};

/** A picture as (1, 3, size, size): shorter side resized (bicubic), centre cut out, normalised. */
export function preprocessForClip(image: Image, options: ClipPreprocessOptions = CLIP_PREPROCESS): Tensor {
  const square = centre(shorterSideTo(toRgb(image), options.size), options.size);
  const plane = options.size ** 2;
  const out = new Float32Array(3 * plane);
  for (let c = 0; c < 3; c++) {
    const mean = f32(f32(options.mean[c]!) * 255);
    const deviation = f32(f32(options.deviation[c]!) * 255);
    for (let i = 0; i < plane; i++) out[c * plane + i] = f32(square.data[i * 3 + c]! - mean) / deviation;
  }
  return tensor(out, [1, 3, options.size, options.size]);
}

function shorterSideTo(image: Image, size: number): Image {
  const { width, height } = image;
  const long = Math.trunc((size * Math.max(width, height)) / Math.min(width, height));
  const [w, h] = width <= height ? [size, long] : [long, size];
  return resize(image, w, h, "bicubic", undefined, TORCH);
}

function centre(image: Image, size: number): Image {
  const top = Math.trunc((image.height - size) / 2);
  const left = Math.trunc((image.width - size) / 2);
  const out = blankImage(size, size, image.channels);
  for (let y = 0; y < size; y++) {
    const start = ((y + top) * image.width + left) * image.channels;
    out.data.set(image.data.subarray(start, start + size * image.channels), y * size * image.channels);
  }
  return out;
}
