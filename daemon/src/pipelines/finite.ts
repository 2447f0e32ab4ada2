// Networks with broken weights give NaN: say so instead of drawing black.
import { DiffusionError } from "../base/errors.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { isFinite } from "../tensor/tensor.ts";

/** The tensor itself. @throws DiffusionError `weights-not-finite` */
export function requireFinite(x: Tensor, what: string): Tensor {
  if (isFinite(x)) return x;
  throw new DiffusionError(
    "weights-not-finite",
    `${what} holds NaN or infinity: the model's weights are damaged or overflow; check the files, or take another copy or precision`,
  );
}
