// AutoencoderKL: pictures to latents and back (Rombach et al. 2022; diffusers, autoencoder_kl.py, vae.py).
import type { Graph, Value } from "../../onnx/graph.ts";
import { graph, input } from "../../onnx/graph.ts";
import * as op from "../../onnx/ops.ts";
import { activation } from "../../nn/activation.ts";
import { attention } from "../../nn/attention.ts";
import { conv2d } from "../../nn/conv.ts";
import { linear } from "../../nn/linear.ts";
import { groupNorm } from "../../nn/norm.ts";
import type { WeightScope } from "../../nn/weight-scope.ts";
import type { AutoencoderConfig } from "./autoencoder-config.ts";
import { pixelsPerLatent } from "./autoencoder-config.ts";
import { downsample, resnet, upsample } from "./resnet.ts";

const EPSILON = 1e-6;

interface Size {
  readonly batch: number;
  readonly height: number;
  readonly width: number;
}

/** Latents to a picture: input `latents` (b, c, height, width), already unscaled; output `image` (b, 3, H, W), about −1 … 1. */
export function decoder(scope: WeightScope, config: AutoencoderConfig, { batch, height, width }: Size): Graph {
  const latents = input("latents", "f32", [batch, config.latent_channels, height, width]);
  const at = scope.at("decoder");
  const widths = config.block_out_channels.toReversed();
  let x = config.use_post_quant_conv
    ? conv2d(scope.at("post_quant_conv"), latents, config.latent_channels, { kernel: 1 })
    : latents;
  x = midBlock(at.at("mid_block"), config, conv2d(at.at("conv_in"), x, widths[0]!));
  widths.forEach((channels, i) => {
    const block = at.at("up_blocks", i);
    for (let j = 0; j <= config.layers_per_block; j++) x = residual(block.at("resnets", j), config, x, channels);
    const [h, w] = x.shape.slice(2) as [number, number];
    if (i < widths.length - 1) x = upsample(block.at("upsamplers", 0), x, [2 * h, 2 * w]);
  });
  return graph([latents], { image: head(at, config, x, config.out_channels) });
}

/** A picture to the posterior over latents: input `image` (b, 3, H, W); outputs `mean` and `log_variance` (b, c, H/f, W/f). */
export function encoder(scope: WeightScope, config: AutoencoderConfig, { batch, height, width }: Size): Graph {
  const image = input("image", "f32", [batch, config.in_channels, height, width]);
  const at = scope.at("encoder");
  const widths = config.block_out_channels;
  let x = conv2d(at.at("conv_in"), image, widths[0]!);
  widths.forEach((channels, i) => {
    const block = at.at("down_blocks", i);
    for (let j = 0; j < config.layers_per_block; j++) x = residual(block.at("resnets", j), config, x, channels);
    if (i < widths.length - 1) x = downsample(block.at("downsamplers", 0), x, 0);
  });
  x = head(at, config, midBlock(at.at("mid_block"), config, x), 2 * config.latent_channels);
  if (config.use_quant_conv) x = conv2d(scope.at("quant_conv"), x, 2 * config.latent_channels, { kernel: 1 });
  const [mean, logVariance] = op.split(x, 2, 1) as [Value, Value];
  // Clamped as diffusers' DiagonalGaussianDistribution does.
  return graph([image], { mean, log_variance: op.clip(logVariance, -30, 20) });
}

/** The size of the latents of a picture. */
export function latentSize(
  config: AutoencoderConfig,
  height: number,
  width: number,
): { height: number; width: number } {
  const f = pixelsPerLatent(config);
  return { height: Math.floor(height / f), width: Math.floor(width / f) };
}

const residual = (scope: WeightScope, config: AutoencoderConfig, x: Value, out: number): Value =>
  resnet(scope, x, out, undefined, { groups: config.norm_num_groups, epsilon: EPSILON, activation: config.act_fn });

function midBlock(scope: WeightScope, config: AutoencoderConfig, x: Value): Value {
  const channels = x.shape[1]!;
  const first = residual(scope.at("resnets", 0), config, x, channels);
  const middle = config.mid_block_add_attention ? selfAttention(scope.at("attentions", 0), config, first) : first;
  return residual(scope.at("resnets", 1), config, middle, channels);
}

/** One head over all positions. */
function selfAttention(scope: WeightScope, config: AutoencoderConfig, x: Value): Value {
  const [b, c, h, w] = x.shape as [number, number, number, number];
  const rows = op.transpose(
    op.reshape(groupNorm(scope.at("group_norm"), x, config.norm_num_groups, EPSILON), [b, c, h * w]),
    [0, 2, 1],
  );
  const [q, k, v] = ["to_q", "to_k", "to_v"].map((name) => linear(scope.at(name), rows, c)) as [Value, Value, Value];
  const out = linear(scope.at("to_out", 0), attention(scope, q, k, v, 1), c);
  return op.add(op.reshape(op.transpose(out, [0, 2, 1]), [b, c, h, w]), x);
}

function head(scope: WeightScope, config: AutoencoderConfig, x: Value, out: number): Value {
  const normed = groupNorm(scope.at("conv_norm_out"), x, config.norm_num_groups, EPSILON);
  return conv2d(scope.at("conv_out"), activation(config.act_fn)(scope, normed), out);
}
