// Scaled dot-product attention.
import type { Value } from "../onnx/graph.ts";
import * as op from "../onnx/ops.ts";
import type { WeightScope } from "./weight-scope.ts";

/**
 * softmax(q·kᵀ/√d + mask)·v: q (b, n, heads·d), k and v (b, m, heads·d) → (b, n, heads·d).
 * `mask` is added to the scores and broadcasts to (b, heads, n, m).
 */
export function attention(scope: WeightScope, q: Value, k: Value, v: Value, heads: number, mask?: Value): Value {
  if (scope.forms.attention === "fused" && !mask) return op.multiHeadAttention(q, k, v, heads);
  if (scope.forms.attention === "sliced" && heads > 1) {
    const [qs, ks, vs] = [q, k, v].map((x) => op.split(x, heads, 2)) as [Value[], Value[], Value[]];
    return op.concat(
      qs.map((one, i) => attention(scope, one, ks[i]!, vs[i]!, 1, mask)),
      2,
    );
  }
  const width = q.shape[2]! / heads;
  const split = (x: Value, perm: readonly number[]) =>
    op.transpose(op.reshape(x, [x.shape[0]!, x.shape[1]!, heads, width]), perm);
  const scores = op.matMul(op.scale(split(q, [0, 2, 1, 3]), 1 / Math.sqrt(width)), split(k, [0, 2, 3, 1]));
  const weights = op.softmax(mask ? op.add(scores, mask) : scores);
  return op.reshape(op.transpose(op.matMul(weights, split(v, [0, 2, 1, 3])), [0, 2, 1, 3]), q.shape);
}
