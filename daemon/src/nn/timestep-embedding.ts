// Sinusoidal embedding of timesteps (Ho et al. 2020, appendix B), as diffusers' get_timestep_embedding.
import type { Value } from "../onnx/graph.ts";
import * as op from "../onnx/ops.ts";

export interface SinusoidOptions {
  readonly flipSinToCos: boolean;
  readonly frequencyShift: number;
}

/** t (n) f32 → (n, width): sines then cosines, or the other way round. */
export function sinusoid(t: Value, width: number, { flipSinToCos, frequencyShift }: SinusoidOptions): Value {
  const half = Math.floor(width / 2);
  const frequencies = Array.from({ length: half }, (_, i) =>
    Math.exp((-Math.log(10000) * i) / (half - frequencyShift)),
  );
  const angles = op.mul(op.unsqueeze(t, 1), op.constant(frequencies, [1, half]));
  const waves = [op.sin(angles), op.cos(angles)];
  const joined = op.concat(flipSinToCos ? waves.reverse() : waves, 1);
  return width % 2 === 0 ? joined : op.pad(joined, [0, 0, 0, 1]);
}
