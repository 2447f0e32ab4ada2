// 2-D convolutions.
import type { Value } from "../onnx/graph.ts";
import * as op from "../onnx/ops.ts";
import { int8Conv } from "./int8.ts";
import type { WeightScope } from "./weight-scope.ts";

export interface ConvShape {
  readonly kernel?: 1 | 3;
  readonly stride?: 1 | 2;
  /** top, left, bottom, right; default keeps the size at stride 1 */
  readonly pads?: readonly [number, number, number, number];
}

/** x (b, c, h, w) → (b, out, h', w'), with bias. */
export function conv2d(
  scope: WeightScope,
  x: Value,
  out: number,
  { kernel = 3, stride = 1, pads }: ConvShape = {},
): Value {
  const weight = scope.tensor("weight", [out, x.shape[1]!, kernel, kernel]);
  const bias = scope.tensor("bias", [out]);
  if (scope.forms.matMul === "int8" && !pads && (kernel === 3 || stride === 1))
    return int8Conv(x, weight, bias, stride);
  const around = kernel === 3 ? 1 : 0;
  return op.conv(x, weight, bias, { strides: [stride, stride], pads: pads ?? [around, around, around, around] });
}
