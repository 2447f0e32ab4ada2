// Pictures ↔ tensors (b, c, h, w), in the single-precision arithmetic of diffusers' VaeImageProcessor.
import { DiffusionError } from "../base/errors.ts";
import { formatShape, sizeOf, tensor, type Tensor } from "../tensor/tensor.ts";
import type { Channels, Image } from "./image.ts";

/** What black and white are in a tensor: `signed` -1 and 1 (what autoencoders speak), `unit` 0 and 1. */
export type Range = "signed" | "unit";

/** A picture as (1, c, h, w). */
export function tensorFromImage(image: Image, range: Range): Tensor {
  const { width, height, channels, data } = image;
  const plane = width * height;
  const out = new Float32Array(plane * channels);
  const values = levels(range);
  for (let i = 0, pixel = 0; pixel < plane; pixel++)
    for (let c = 0; c < channels; c++) out[c * plane + pixel] = values[data[i++]!]!;
  return tensor(out, [1, channels, height, width]);
}

const levels = (range: Range): Float32Array =>
  Float32Array.from({ length: 256 }, (_, v) => (range === "unit" ? v / 255 : 2 * Math.fround(v / 255) - 1));

/**
 * The pictures of a tensor (b, c, h, w) with 1, 3 or 4 channels: clamped to the range, rounded half to even.
 * @throws DiffusionError `internal` for any other shape
 */
export function imagesFromTensor(x: Tensor, range: Range): Image[] {
  const [batch = 0, channels = 0, height = 0, width = 0] = x.shape;
  if (x.shape.length !== 4 || ![1, 3, 4].includes(channels))
    throw new DiffusionError("internal", `a tensor ${formatShape(x.shape)} is not a batch of pictures`);
  const size = sizeOf(x.shape.slice(1));
  return Array.from({ length: batch }, (_, b) => {
    const values = x.data.subarray(b * size, (b + 1) * size);
    return { width, height, channels: channels as Channels, data: interleave(values, channels, range) };
  });
}

function interleave(values: Float32Array, channels: number, range: Range): Uint8Array {
  const plane = values.length / channels;
  const data = new Uint8Array(values.length);
  for (let pixel = 0, o = 0; pixel < plane; pixel++)
    for (let c = 0; c < channels; c++) {
      const value = values[c * plane + pixel]!;
      data[o++] = byteOf(range === "unit" ? value : Math.fround(Math.fround(value * 0.5) + 0.5));
    }
  return data;
}

/** 0 … 1 → 0 … 255, rounding halves to even as numpy does. */
function byteOf(unit: number): number {
  const scaled = Math.fround(Math.min(Math.max(unit, 0), 1) * 255);
  const floor = Math.floor(scaled);
  const rest = scaled - floor;
  return rest > 0.5 || (rest === 0.5 && floor % 2 === 1) ? floor + 1 : floor;
}
