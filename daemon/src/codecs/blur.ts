// Gaussian blur by three box blurs with fractional radius, bit-exact with Pillow's ImageFilter.GaussianBlur (libImaging/BoxBlur.c).
// The box radius follows Gwosdek et al., "Theoretical Foundations of Gaussian Convolution by Extended Box Filtering", eq. 7, 11, 14.
import { blankImage, type Image } from "./image.ts";

const PASSES = 3;
const f32 = Math.fround;

/** The picture blurred by a Gaussian of standard deviation `radius` pixels; 0 leaves it as it is. */
export function gaussianBlur(image: Image, radius: number): Image {
  if (radius === 0) return image;
  const box = boxWeights(boxRadius(f32(radius)));
  return transpose(blurRows(transpose(blurRows(image, box)), box));
}

/** The radius of the box whose threefold blur has the variance of the Gaussian, in single precision as the C source computes it. */
function boxRadius(sigma: number): number {
  const variance = f32(f32(sigma * sigma) / PASSES);
  const length = f32(Math.sqrt(12 * variance + 1));
  const whole = Math.floor((length - 1) / 2);
  const above = f32(f32(2 * whole) + 1) * f32(f32(whole * (whole + 1)) - f32(3 * variance));
  const below = f32(6 * f32(variance - f32((whole + 1) * (whole + 1))));
  return f32(whole + f32(f32(above) / below));
}

/** 24-bit weights of a box: `inner` for the pixels within the whole radius, `edge` for the two beyond it. */
interface BoxWeights {
  readonly radius: number;
  readonly inner: number;
  readonly edge: number;
}

function boxWeights(radius: number): BoxWeights {
  const whole = Math.trunc(radius);
  const inner = Math.trunc(f32(2 ** 24 / f32(f32(radius * 2) + 1)));
  return { radius: whole, inner, edge: (2 ** 24 - (whole * 2 + 1) * inner) >>> 1 };
}

function blurRows(image: Image, box: BoxWeights): Image {
  let data = image.data;
  for (let pass = 0; pass < PASSES; pass++) {
    const out = new Uint8Array(data.length);
    const stride = image.width * image.channels;
    for (let start = 0; start < data.length; start += stride)
      for (let c = 0; c < image.channels; c++) blurLine(data, out, start + c, image.width, image.channels, box);
    data = out;
  }
  return { ...image, data };
}

/** One channel of one row; beyond its ends the row repeats its first and last pixel. */
function blurLine(from: Uint8Array, to: Uint8Array, start: number, width: number, step: number, box: BoxWeights): void {
  const at = (x: number): number => from[start + Math.min(Math.max(x, 0), width - 1) * step]!;
  let sum = at(0) * (box.radius + 1);
  for (let x = 0; x < box.radius; x++) sum += at(x);
  for (let x = 0; x < width; x++) {
    sum += at(x + box.radius) - at(x - box.radius - 1);
    const value = sum * box.inner + (at(x - box.radius - 1) + at(x + box.radius + 1)) * box.edge;
    to[start + x * step] = Math.trunc((value + 2 ** 23) / 2 ** 24);
  }
}

function transpose(image: Image): Image {
  const { width, height, channels } = image;
  const out = blankImage(height, width, channels);
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++)
      for (let c = 0; c < channels; c++) out.data[(x * height + y) * channels + c] = image.data[i++]!;
  return out;
}
