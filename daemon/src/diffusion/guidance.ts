// Classifier-free guidance on model outputs (Ho and Salimans 2022) and its rescaling (Lin et al. 2023, section 3.4).
import { combine, concat, rows, scale, type Tensor } from "../tensor/tensor.ts";

/** Conditional outputs and how much each counts: one of weight 1, unless the prompt is composed. */
export type Conditional = readonly (readonly [weight: number, cond: Tensor])[];

/** uncond + guidanceScale·Σ weight·(cond - uncond); all of one shape. (composed: Liu et al. 2022, equation 11) */
export function guide(uncond: Tensor, conds: Conditional, guidanceScale: number): Tensor {
  const share = conds.reduce((sum, [weight]) => sum + weight, 0) * guidanceScale;
  return combine([1 - share, uncond], ...conds.map(([weight, cond]) => [guidanceScale * weight, cond] as const));
}

/**
 * Brings each sample of a guided output (b, …) towards the standard deviation of its conditional one, so that high guidance
 * does not overexpose. `rescale` 0 leaves it, 1 matches the deviation whole.
 */
export function rescaleGuidance(guided: Tensor, cond: Tensor, rescale: number): Tensor {
  const batch = guided.shape[0]!;
  const samples = Array.from({ length: batch }, (_, i) => {
    const sample = rows(guided, i);
    const ratio = deviation(rows(cond, i)) / deviation(sample);
    return scale(sample, rescale * ratio + (1 - rescale));
  });
  return concat(samples);
}

/** The standard deviation with Bessel's correction, as torch's `std`. */
function deviation(x: Tensor): number {
  const mean = x.data.reduce((sum, v) => sum + v, 0) / x.data.length;
  const squares = x.data.reduce((sum, v) => sum + (v - mean) ** 2, 0);
  return Math.sqrt(squares / (x.data.length - 1));
}
