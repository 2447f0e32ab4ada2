// Images in memory: 8 bits a channel, interleaved, row by row from the top; conversions between grey, RGB and RGBA as Pillow does them.

/** Channels of an image: 1 grey, 3 RGB, 4 RGBA (not premultiplied). */
export type Channels = 1 | 3 | 4;

/** A picture of `width · height · channels` bytes, interleaved, without padding. */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: Channels;
  readonly data: Uint8Array;
}

/** A black picture; an RGBA one is transparent. */
export function blankImage(width: number, height: number, channels: Channels): Image {
  return { width, height, channels, data: new Uint8Array(width * height * channels) };
}

/** The picture in RGB. Alpha is dropped, not composited (`Image.convert("RGB")` of Pillow). */
export function toRgb(image: Image): Image {
  if (image.channels === 3) return image;
  return eachPixel(image, 3, (pixels, i, out, o) => {
    for (let c = 0; c < 3; c++) out[o + c] = pixels[image.channels === 1 ? i : i + c]!;
  });
}

/** The picture in grey by ITU-R 601-2 luma in 16-bit fixed point (`L24` in Pillow's libImaging/Convert.c). Alpha is dropped. */
export function toGrey(image: Image): Image {
  if (image.channels === 1) return image;
  return eachPixel(image, 1, (pixels, i, out, o) => {
    out[o] = (pixels[i]! * 19595 + pixels[i + 1]! * 38470 + pixels[i + 2]! * 7471 + 0x8000) >> 16;
  });
}

/** The picture in RGBA; opaque where it had no alpha. */
export function toRgba(image: Image): Image {
  if (image.channels === 4) return image;
  return eachPixel(image, 4, (pixels, i, out, o) => {
    for (let c = 0; c < 3; c++) out[o + c] = pixels[image.channels === 1 ? i : i + c]!;
    out[o + 3] = 255;
  });
}

/** The picture with the channels asked for. */
export function toChannels(image: Image, channels: Channels): Image {
  return { 1: toGrey, 3: toRgb, 4: toRgba }[channels](image);
}

type PixelRule = (pixels: Uint8Array, i: number, out: Uint8Array, o: number) => void;

function eachPixel(image: Image, channels: Channels, rule: PixelRule): Image {
  const out = blankImage(image.width, image.height, channels);
  for (let i = 0, o = 0; i < image.data.length; i += image.channels, o += channels) rule(image.data, i, out.data, o);
  return out;
}
