// Transformer2DModel: self-attention over the picture and cross-attention to the text (diffusers, transformer_2d.py, attention.py).
import type { Value } from "../../onnx/graph.ts";
import * as op from "../../onnx/ops.ts";
import { attention } from "../../nn/attention.ts";
import { linear, linearPart, pointwise } from "../../nn/linear.ts";
import { groupNorm, layerNorm } from "../../nn/norm.ts";
import type { WeightScope } from "../../nn/weight-scope.ts";

export interface TransformerOptions {
  readonly layers: number;
  readonly heads: number;
  readonly groups: number;
  readonly linearProjection: boolean;
}

/** x (b, c, h, w) and text (b, m, width) → (b, c, h, w). */
export function transformer2d(scope: WeightScope, x: Value, text: Value, options: TransformerOptions): Value {
  const [b, c, h, w] = x.shape as [number, number, number, number];
  const toRows = (y: Value) => op.transpose(op.reshape(y, [b, c, h * w]), [0, 2, 1]);
  const toPicture = (y: Value) => op.reshape(op.transpose(y, [0, 2, 1]), [b, c, h, w]);
  const normed = groupNorm(scope.at("norm"), x, options.groups, 1e-6);
  // A convolution of one pixel is a linear layer over the channels, whatever the config calls it.
  const project = options.linearProjection ? linear : pointwise;
  let rows = project(scope.at("proj_in"), toRows(normed), c);
  for (let i = 0; i < options.layers; i++) rows = block(scope.at("transformer_blocks", i), rows, text, options.heads);
  return op.add(toPicture(project(scope.at("proj_out"), rows, c)), x);
}

/** BasicTransformerBlock: x (b, n, c). */
function block(scope: WeightScope, x: Value, text: Value, heads: number): Value {
  const norm = (name: string, y: Value) => layerNorm(scope.at(name), y);
  const normed = norm("norm1", x);
  const seen = op.add(x, attend(scope.at("attn1"), normed, normed, heads));
  const told = op.add(seen, attend(scope.at("attn2"), norm("norm2", seen), text, heads));
  return op.add(told, feedForward(scope.at("ff"), norm("norm3", told)));
}

/** Attention of x (b, n, c) to `context` (b, m, d). */
function attend(scope: WeightScope, x: Value, context: Value, heads: number): Value {
  const c = x.shape[2]!;
  const q = linear(scope.at("to_q"), x, c, { bias: false });
  // Keys and values of the text are made once per prompt, so their precision costs nothing.
  const source = context === x ? scope : scope.exact();
  const [k, v] = ["to_k", "to_v"].map((name) => linear(source.at(name), context, c, { bias: false })) as [Value, Value];
  return linear(scope.at("to_out", 0), attention(scope, q, k, v, heads), c);
}

/** GEGLU (Shazeer 2020): two halves of one published weight as two products. */
function feedForward(scope: WeightScope, x: Value): Value {
  const c = x.shape[2]!;
  const half = (part: number) => linearPart(scope.at("net", 0, "proj"), x, 4 * c, part, 2);
  return linear(scope.at("net", 2), op.mul(half(0), op.gelu(half(1))), c);
}
