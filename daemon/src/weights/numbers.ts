// The few tensors JavaScript has to see: read from their file and widened to f32.
import { open } from "node:fs/promises";
import { DiffusionError } from "../base/errors.ts";
import { reason } from "../base/files.ts";
import { tensor, type DType, type Tensor } from "../tensor/tensor.ts";
import type { TensorRange } from "./safetensors.ts";

/** One number at a byte of little-endian data. */
const READ: Partial<Record<DType, (view: DataView, at: number) => number>> = {
  f64: (view, at) => view.getFloat64(at, true),
  f32: (view, at) => view.getFloat32(at, true),
  f16: (view, at) => halfToNumber(view.getUint16(at, true)),
  bf16: (view, at) => bfloatToNumber(view.getUint16(at, true)),
};

/**
 * Reads a tensor of floating point numbers (f64, f32, f16, bf16) as f32.
 * @throws DiffusionError `file-unreadable`; `unsupported` for other element types
 */
export async function readTensor(range: TensorRange): Promise<Tensor> {
  const read = READ[range.dtype];
  if (!read)
    throw new DiffusionError(
      "unsupported",
      `${range.file}: a tensor of ${range.dtype} is not one of floating point numbers`,
    );
  const bytes = await readRange(range);
  const view = new DataView(bytes.buffer);
  const count = range.shape.reduce((a, b) => a * b, 1);
  const step = range.length / count;
  return tensor(
    Float32Array.from({ length: count }, (_, i) => read(view, i * step)),
    range.shape,
  );
}

async function readRange({ file, offset, length }: TensorRange): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(length);
  try {
    const handle = await open(file, "r");
    const { bytesRead } = await handle.read(bytes, 0, length, offset).finally(() => handle.close());
    if (bytesRead < length) throw new Error("the file is shorter than its header said");
  } catch (cause) {
    throw new DiffusionError("file-unreadable", `cannot read weights ${file}: ${reason(cause)}`, { cause });
  }
  return bytes;
}

/** The value of IEEE 754 binary16 bits. */
export function halfToNumber(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction ? NaN : sign * Infinity;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const word = new Uint32Array(1);
const single = new Float32Array(word.buffer);

/** The value of bfloat16 bits: the upper half of an f32. */
export function bfloatToNumber(bits: number): number {
  word[0] = bits << 16;
  return single[0]!;
}
