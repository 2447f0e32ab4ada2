// Resizing of 8-bit pictures, bit-exact with Pillow's Image.resize (libImaging/Resample.c, Geometry.c) and with the 8-bit path of PyTorch.
import { blankImage, type Image } from "./image.ts";

/** Pillow's names of the filters. */
export type Filter = "lanczos" | "bicubic" | "bilinear" | "nearest";

/** A region of the source in pixels, fractions allowed; one of no height or width repeats its edge. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** What two libraries with the same kernels do differently in integers. */
export interface Arithmetic {
  /** Fraction bits of the weights, given the largest. */
  readonly weightBits: (largest: number) => number;
  /** Whether the height is resized before the width; the bytes in between are rounded. */
  readonly heightFirst: (image: Image, width: number, height: number) => boolean;
}

/**
 * Pillow keeps 32 - 8 - 2 bits. Since version 13 it starts with the height when that loses more than twice as many pixels
 * as the width (pull request 9549; the threshold is the one that explains 1,412 observed resizes without exception).
 */
const PILLOW: Arithmetic = {
  weightBits: () => 22,
  heightFirst: (image, width, height) => height < image.height && image.height - height > 2 * (image.width - width),
};

/** PyTorch keeps weights in 16 bits (`_compute_index_ranges_int16_weights`, aten/src/ATen/native/cpu/UpSampleKernel.cpp). */
export const TORCH: Arithmetic = {
  weightBits: (largest) => {
    let bits = 0;
    while (bits < 22 && Math.trunc(0.5 + largest * 2 ** (bits + 1)) < 1 << 15) bits++;
    return bits;
  },
  heightFirst: () => false,
};

/**
 * The picture, or the part of it in `box`, at another size. RGBA is filtered premultiplied.
 * @throws RangeError when a side of the result is not a positive integer
 */
export function resize(
  image: Image,
  width: number,
  height: number,
  filter: Filter,
  box: Box = { left: 0, top: 0, right: image.width, bottom: image.height },
  arithmetic: Arithmetic = PILLOW,
): Image {
  if (!Number.isInteger(width) || !Number.isInteger(height) || width < 1 || height < 1)
    throw new RangeError(`a picture cannot be ${width}x${height}`);
  if (isWhole(image, width, height, box)) return image;
  if (filter === "nearest") return pickNearest(image, width, height, box);
  if (image.channels === 4) return unpremultiply(convolve(premultiply(image), width, height, filter, box, arithmetic));
  return convolve(image, width, height, filter, box, arithmetic);
}

function isWhole(image: Image, width: number, height: number, box: Box): boolean {
  const { left, top, right, bottom } = box;
  return (
    left === 0 && top === 0 && right === width && bottom === height && image.width === width && image.height === height
  );
}

function convolve(image: Image, width: number, height: number, filter: Kernel, box: Box, how: Arithmetic): Image {
  const { left, top, right, bottom } = box;
  const alongX = (from: Image): Image =>
    width !== from.width || left !== 0 || right !== width
      ? resizeRows(from, weightsOf(from.width, left, right, width, filter, how))
      : from;
  const alongY = (from: Image): Image =>
    height !== from.height || top !== 0 || bottom !== height
      ? resizeColumns(from, weightsOf(from.height, top, bottom, height, filter, how))
      : from;
  return how.heightFirst(image, width, height) ? alongX(alongY(image)) : alongY(alongX(image));
}

/** For each output position: the first source position and the integer weights from there on. */
interface Weights {
  readonly size: number;
  readonly starts: Int32Array;
  readonly taps: readonly Int32Array[];
  readonly bits: number;
}

function weightsOf(size: number, from: number, to: number, newSize: number, filter: Kernel, how: Arithmetic): Weights {
  const scale = (Math.fround(to) - Math.fround(from)) / newSize;
  const filterScale = Math.max(scale, 1);
  const { kernel, support: reach } = KERNELS[filter];
  const support = reach * filterScale;
  const starts = new Int32Array(newSize);
  const real: number[][] = [];
  for (let i = 0; i < newSize; i++) {
    const center = Math.fround(from) + (i + 0.5) * scale;
    const start = Math.max(Math.trunc(center - support + 0.5), 0);
    const end = Math.min(Math.trunc(center + support + 0.5), size);
    starts[i] = start;
    real.push(normalised(start, end, (j) => kernel((j - center + 0.5) * (1 / filterScale))));
  }
  const bits = how.weightBits(real.reduce((most, taps) => Math.max(most, ...taps), 0));
  return { size: newSize, starts, bits, taps: real.map((taps) => Int32Array.from(taps, (w) => fixedPoint(w, bits))) };
}

function normalised(start: number, end: number, weight: (position: number) => number): number[] {
  const taps: number[] = [];
  let sum = 0;
  for (let j = start; j < end; j++) {
    const value = weight(j);
    taps.push(value);
    sum += value;
  }
  return sum === 0 ? taps : taps.map((value) => value / sum);
}

const fixedPoint = (weight: number, bits: number): number => Math.trunc((weight < 0 ? -0.5 : 0.5) + weight * 2 ** bits);

function resizeRows(image: Image, weights: Weights): Image {
  const { channels } = image;
  const out = blankImage(weights.size, image.height, channels);
  const half = 2 ** (weights.bits - 1);
  for (let y = 0, o = 0; y < image.height; y++) {
    const row = y * image.width * channels;
    for (let x = 0; x < weights.size; x++) {
      const taps = weights.taps[x]!;
      const start = row + weights.starts[x]! * channels;
      for (let c = 0; c < channels; c++) {
        let sum = half;
        for (let k = 0, i = start + c; k < taps.length; k++, i += channels) sum += image.data[i]! * taps[k]!;
        out.data[o++] = clip(sum >> weights.bits);
      }
    }
  }
  return out;
}

function resizeColumns(image: Image, weights: Weights): Image {
  const stride = image.width * image.channels;
  const out = blankImage(image.width, weights.size, image.channels);
  const half = 2 ** (weights.bits - 1);
  for (let y = 0, o = 0; y < weights.size; y++) {
    const taps = weights.taps[y]!;
    const start = weights.starts[y]! * stride;
    for (let x = 0; x < stride; x++) {
      let sum = half;
      for (let k = 0, i = start + x; k < taps.length; k++, i += stride) sum += image.data[i]! * taps[k]!;
      out.data[o++] = clip(sum >> weights.bits);
    }
  }
  return out;
}

const clip = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);

type Kernel = Exclude<Filter, "nearest">;

const KERNELS: Record<Kernel, { kernel: (x: number) => number; support: number }> = {
  bilinear: { support: 1, kernel: (x) => Math.max(0, 1 - Math.abs(x)) },
  // Keys' cubic convolution with a = -0.5.
  bicubic: { support: 2, kernel: (x) => cubic(Math.abs(x)) },
  lanczos: { support: 3, kernel: (x) => (x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0) },
};

function cubic(x: number): number {
  if (x < 1) return (1.5 * x - 2.5) * x * x + 1;
  if (x < 2) return (((x - 5) * x + 8) * x - 4) * -0.5;
  return 0;
}

const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(x * Math.PI) / (x * Math.PI));

/** Positions are accumulated, not multiplied, as Pillow does; the rounding of long sums is part of the result. */
function pickNearest(image: Image, width: number, height: number, box: Box): Image {
  const { channels } = image;
  const columns = nearestPositions(box.left, box.right, width);
  const rows = nearestPositions(box.top, box.bottom, height);
  const out = blankImage(width, height, channels);
  for (let y = 0, o = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      if (rows[y]! >= image.height || columns[x]! >= image.width) {
        o += channels;
        continue;
      }
      const i = (rows[y]! * image.width + columns[x]!) * channels;
      for (let c = 0; c < channels; c++) out.data[o++] = image.data[i + c]!;
    }
  return out;
}

function nearestPositions(from: number, to: number, count: number): Int32Array {
  const step = (Math.fround(to) - Math.fround(from)) / count;
  const positions = new Int32Array(count);
  let position = Math.fround(from) + step * 0.5;
  for (let i = 0; i < count; i++, position += step) positions[i] = Math.trunc(position);
  return positions;
}

function premultiply(image: Image): Image {
  const data = image.data.slice();
  for (let i = 0; i < data.length; i += 4)
    for (let c = 0; c < 3; c++) {
      const product = data[i + c]! * data[i + 3]! + 128;
      data[i + c] = ((product >> 8) + product) >> 8;
    }
  return { ...image, data };
}

function unpremultiply(image: Image): Image {
  const data = image.data.slice();
  for (let i = 0; i < data.length; i += 4) {
    const alpha = data[i + 3]!;
    if (alpha === 0 || alpha === 255) continue;
    for (let c = 0; c < 3; c++) data[i + c] = clip(Math.trunc((255 * data[i + c]!) / alpha));
  }
  return { ...image, data };
}
