// Limits on denoised tensors: fixed clipping, and the dynamic thresholding of Imagen (Saharia et al. 2022, section 2.3).
import { map, tensor, type Tensor } from "../../tensor/tensor.ts";

/** Keeps a denoised tensor (b, …) within bounds. */
export type Limit = (denoised: Tensor) => Tensor;

export const unlimited: Limit = (denoised) => denoised;

/** Values within ±range. */
export const clip =
  (range: number): Limit =>
  (denoised) =>
    map(denoised, (v) => Math.min(range, Math.max(-range, v)));

/** Each sample clipped to the quantile `ratio` of its magnitudes (at least 1, at most `max`) and divided by it. */
export const dynamicThreshold =
  (ratio: number, max: number): Limit =>
  (denoised) => {
    const size = denoised.data.length / denoised.shape[0]!;
    const out = new Float32Array(denoised.data.length);
    for (let start = 0; start < out.length; start += size) {
      const sample = denoised.data.subarray(start, start + size);
      const bound = Math.min(max, Math.max(1, quantile(sample.map(Math.abs), ratio)));
      out.set(
        sample.map((v) => Math.min(bound, Math.max(-bound, v)) / bound),
        start,
      );
    }
    return tensor(out, denoised.shape);
  };

/** The linearly interpolated quantile. */
function quantile(values: Float32Array, ratio: number): number {
  const sorted = values.toSorted();
  const position = ratio * (sorted.length - 1);
  const low = Math.floor(position);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low]! + (position - low) * (sorted[high]! - sorted[low]!);
}
