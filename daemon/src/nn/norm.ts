// Normalisation layers.
import type { Value } from "../onnx/graph.ts";
import * as op from "../onnx/ops.ts";
import type { WeightScope } from "./weight-scope.ts";

const ones = (n: number): Value =>
  op.constant(
    Array.from({ length: n }, () => 1),
    [n],
  );
const zeros = (n: number): Value =>
  op.constant(
    Array.from({ length: n }, () => 0),
    [n],
  );

/**
 * GroupNorm over (b, c, …): each of `groups` runs of channels is normalised over itself and all positions, then scaled
 * and shifted per channel.
 */
export function groupNorm(scope: WeightScope, x: Value, groups: number, epsilon: number): Value {
  const [b, c] = x.shape as [number, number];
  const gamma = scope.tensor("weight", [c]);
  const beta = scope.tensor("bias", [c]);
  if (scope.forms.groupNorm === "layer-norm") {
    const rows = op.reshape(x, [b, groups, -1]);
    const width = rows.shape[2]!;
    const normalised = op.reshape(op.layerNormalization(rows, ones(width), undefined, epsilon), x.shape);
    const perChannel = [c, ...x.shape.slice(2).map(() => 1)];
    return op.add(op.mul(normalised, op.reshape(gamma, perChannel)), op.reshape(beta, perChannel));
  }
  const grouped = op.instanceNormalization(op.reshape(x, [b, groups, -1]), ones(groups), zeros(groups), epsilon);
  return op.batchNormalization(op.reshape(grouped, x.shape), gamma, beta, zeros(c), ones(c), 0);
}

/** LayerNorm over the last axis. */
export function layerNorm(scope: WeightScope, x: Value, epsilon = 1e-5): Value {
  const width = x.shape.at(-1)!;
  return op.layerNormalization(x, scope.tensor("weight", [width]), scope.tensor("bias", [width]), epsilon);
}
