// int8 products for the `fast` profile: s8 weights with a scale per output column, u8 activations quantised on the fly.
// The weights are quantised by ops over constants, which the runtime folds once, when the session is made.
import type { Value } from "../onnx/graph.ts";
import * as op from "../onnx/ops.ts";

/** x (…, in) @ W (in, out) + b. */
export function int8Linear(x: Value, weight: Value, bias: Value | undefined): Value {
  const { quantized, scales } = quantizeColumns(weight);
  // Layers that read the same x share its quantisation: the runtime merges equal nodes.
  const a = op.dynamicQuantizeLinear(x);
  return op.matMulIntegerToFloat(a.quantized, quantized, a.scale, scales, a.zeroPoint, bias);
}

/** Symmetric s8 per column: W ≈ quantized·scales. */
export function quantizeColumns(weight: Value): { quantized: Value; scales: Value } {
  const largest = op.max(op.reduceMax(op.abs(weight), [0]), op.constant([1e-12]));
  const scale = op.scale(largest, 1 / 127);
  const quantized = op.cast(op.round(op.div(weight, scale)), "i8");
  return { quantized, scales: op.reshape(scale, [weight.shape[1]!]) };
}

/**
 * Convolution of kernel 1 (padding 0) or 3 (padding 1) as u8 im2col and one integer product: x (b, c, h, w) → (b, out, h', w').
 * W (out, c, k, k) is taken as rows (kh, kw, c).
 */
export function int8Conv(x: Value, weight: Value, bias: Value, stride: 1 | 2): Value {
  const [b, c, h, w] = x.shape as [number, number, number, number];
  const [out, , kernel] = weight.shape as [number, number, number, number];
  const [height, width] = [h, w].map((d) => Math.floor((d - 1) / stride) + 1) as [number, number];
  const taps = kernel * kernel * c;
  const { quantized, scales } = quantizeColumns(op.reshape(op.transpose(weight, [2, 3, 1, 0]), [taps, out]));
  const a = op.dynamicQuantizeLinear(x);
  const last = op.transpose(a.quantized, [0, 2, 3, 1]);
  const taken = kernel === 1 ? last : im2col(last, a.zeroPoint, height, width, stride);
  const columns = op.reshape(taken, [b * height * width, taps]);
  const y = op.matMulIntegerToFloat(columns, quantized, a.scale, scales, a.zeroPoint, bias);
  return op.transpose(op.reshape(y, [b, height, width, out]), [0, 3, 1, 2]);
}

/** The nine shifted pictures of x (b, h, w, c), padded by its zero point, side by side: (b, height, width, 9·c). */
function im2col(x: Value, zeroPoint: Value, height: number, width: number, stride: number): Value {
  const [, h, w, c] = x.shape as [number, number, number, number];
  const flat = op.reshape(x, [x.shape[0]!, h, w * c]);
  const padded = op.reshape(op.pad(flat, [1, c, 1, c], zeroPoint), [x.shape[0]!, h + 2, w + 2, c]);
  const shifted = [0, 1, 2].flatMap((dy) => {
    const row = op.slice(padded, 1, dy, dy + (height - 1) * stride + 1, stride);
    return [0, 1, 2].map((dx) => op.slice(row, 2, dx, dx + (width - 1) * stride + 1, stride));
  });
  return op.concat(shifted, 3);
}
