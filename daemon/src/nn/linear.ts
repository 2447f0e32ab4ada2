// Linear layers and embeddings.
import type { Value } from "../onnx/graph.ts";
import * as op from "../onnx/ops.ts";
import { int8Linear } from "./int8.ts";
import type { WeightScope } from "./weight-scope.ts";

/** x·Wᵀ + b over the last axis: x (…, in) → (…, out). W lies as (out, in). */
export function linear(scope: WeightScope, x: Value, out: number, { bias = true } = {}): Value {
  const weight = op.transpose(scope.tensor("weight", [out, x.shape.at(-1)!]), [1, 0]);
  return product(scope, x, weight, bias ? scope.tensor("bias", [out]) : undefined);
}

/** A 1×1 convolution over rows of channels: x (…, in) → (…, out). W lies as (out, in, 1, 1). */
export function pointwise(scope: WeightScope, x: Value, out: number): Value {
  const inner = x.shape.at(-1)!;
  const weight = op.reshape(scope.tensor("weight", [out, inner, 1, 1]), [out, inner]);
  return product(scope, x, op.transpose(weight, [1, 0]), scope.tensor("bias", [out]));
}

/** One of several equal parts of a packed linear layer, as a product of its own: rows [part·out, (part+1)·out) of W. */
export function linearPart(scope: WeightScope, x: Value, out: number, part: number, parts: number): Value {
  const rows = (value: Value) => op.slice(value, 0, part * out, (part + 1) * out);
  const weight = rows(scope.tensor("weight", [out * parts, x.shape.at(-1)!]));
  return product(scope, x, op.transpose(weight, [1, 0]), rows(scope.tensor("bias", [out * parts])));
}

/** x @ W + b in the profile's arithmetic: W (in, out). */
function product(scope: WeightScope, x: Value, weight: Value, bias: Value | undefined): Value {
  if (scope.forms.matMul === "int8") return int8Linear(x, weight, bias);
  const y = op.matMul(x, weight);
  return bias ? op.add(y, bias) : y;
}

/** Rows of the table `weight` (count, width) by ids of any shape. */
export function embedding(scope: WeightScope, ids: Value, count: number, width: number): Value {
  return op.gather(scope.tensor("weight", [count, width]), ids);
}
