// The residual blocks and samplers that UNet and autoencoder share (diffusers, models/resnet.py).
import type { Value } from "../../onnx/graph.ts";
import * as op from "../../onnx/ops.ts";
import { activation } from "../../nn/activation.ts";
import { conv2d } from "../../nn/conv.ts";
import { linear } from "../../nn/linear.ts";
import { groupNorm } from "../../nn/norm.ts";
import type { WeightScope } from "../../nn/weight-scope.ts";

export interface ResnetOptions {
  readonly groups: number;
  readonly epsilon: number;
  readonly activation: string;
  readonly outputScale?: number;
}

/** ResnetBlock2D: x (b, c, h, w) → (b, out, h, w); `time` (1 or b, width) is the activated time embedding, if any. */
export function resnet(
  scope: WeightScope,
  x: Value,
  out: number,
  time: Value | undefined,
  options: ResnetOptions,
): Value {
  const act = (y: Value) => activation(options.activation)(scope, y);
  const norm = (name: string, y: Value) => groupNorm(scope.at(name), y, options.groups, options.epsilon);
  let h = conv2d(scope.at("conv1"), act(norm("norm1", x)), out);
  if (time) {
    const shift = linear(scope.at("time_emb_proj").exact(), time, out);
    h = op.add(h, op.reshape(shift, [shift.shape[0]!, out, 1, 1]));
  }
  h = conv2d(scope.at("conv2"), act(norm("norm2", h)), out);
  const skip = x.shape[1] === out ? x : conv2d(scope.at("conv_shortcut"), x, out, { kernel: 1 });
  const sum = op.add(skip, h);
  return options.outputScale === undefined || options.outputScale === 1 ? sum : op.scale(sum, 1 / options.outputScale);
}

/** Halves the size by a strided convolution. With padding 0, a row and a column of zeros come at the bottom and right. */
export function downsample(scope: WeightScope, x: Value, padding: number): Value {
  const c = x.shape[1]!;
  return conv2d(scope.at("conv"), x, c, padding === 1 ? { stride: 2 } : { stride: 2, pads: [0, 0, 1, 1] });
}

/** Nearest-neighbour growth to `size`, then a convolution. */
export function upsample(scope: WeightScope, x: Value, size: readonly [height: number, width: number]): Value {
  return conv2d(scope.at("conv"), op.resizeNearest(x, ...size), x.shape[1]!);
}
