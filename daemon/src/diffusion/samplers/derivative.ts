// The slope of the probability-flow ODE in sigma, and a straight move along it, in torch's float32 steps. Where sigma is in the
// thousands (cosine schedules) x is so large that its rounding shows in the picture; rounding otherwise would be another picture.
import { map, type Tensor } from "../../tensor/tensor.ts";

const f32 = Math.fround;

/** dx/dsigma = (x - denoised) / sigma */
export const derivative = (x: Tensor, denoised: Tensor, sigma: number): Tensor =>
  map(x, (value, i) => f32(value - denoised.data[i]!) / sigma);

/** x + slope·dt */
export function along(x: Tensor, slope: Tensor, dt: number): Tensor {
  const step = f32(dt);
  return map(x, (value, i) => value + f32(slope.data[i]! * step));
}
