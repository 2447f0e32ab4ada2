// UNet2DConditionModel of Stable Diffusion 1, 2 and XL (diffusers, models/unets/unet_2d_condition.py).
import type { Graph, Value } from "../../onnx/graph.ts";
import { graph, input } from "../../onnx/graph.ts";
import * as op from "../../onnx/ops.ts";
import { activation, silu } from "../../nn/activation.ts";
import { conv2d } from "../../nn/conv.ts";
import { embedding, linear } from "../../nn/linear.ts";
import { groupNorm } from "../../nn/norm.ts";
import { sinusoid } from "../../nn/timestep-embedding.ts";
import type { WeightScope } from "../../nn/weight-scope.ts";
import { spread } from "../config.ts";
import type { ResnetOptions } from "./resnet.ts";
import { downsample, resnet, upsample } from "./resnet.ts";
import { transformer2d } from "./transformer.ts";
import type { UNetConfig } from "./unet-config.ts";

export interface UNetShape {
  readonly batch: number;
  /** Size of the latents. */
  readonly height: number;
  readonly width: number;
  readonly textTokens: number;
}

/** Inputs that no step of one picture changes: what depends on them alone can be computed once (see onnx/hoist.ts). */
export const INVARIANT_INPUTS = [
  "encoder_hidden_states",
  "text_embeds",
  "time_ids",
  "timestep_cond",
  "class_labels",
] as const;

/**
 * The denoiser. Inputs: `sample` (b, in, h, w), `timestep` f32 (1), `encoder_hidden_states` (b, n, d); by config also
 * `text_embeds` (b, p) and `time_ids` (b, 6), `timestep_cond` (b, d), `class_labels`. Output: `model_output` (b, out, h, w).
 */
export function unet(scope: WeightScope, config: UNetConfig, shape: UNetShape): Graph {
  const { batch, height, width, textTokens } = shape;
  const text = input("encoder_hidden_states", "f32", [batch, textTokens, textWidth(config)]);
  const sample = input("sample", "f32", [batch, config.in_channels, height, width]);
  const { time, inputs } = timeEmbedding(scope, config, batch);
  const blocks = blocksOf(config);
  const context: Context = { config, text, time: silu(scope, time) };
  const first = conv2d(scope.at("conv_in").exact(), sample, config.block_out_channels[0]!);
  const { x: deepest, skips } = downBlocks(scope, context, blocks, first);
  const middle = midBlock(scope.at("mid_block"), context, blocks.at(-1)!, deepest);
  const top = upBlocks(scope, context, blocks, middle, skips);
  const normed = groupNorm(scope.at("conv_norm_out"), top, config.norm_num_groups, config.norm_eps);
  const output = conv2d(scope.at("conv_out").exact(), activation(config.act_fn)(scope, normed), config.out_channels);
  return graph([sample, text, ...inputs], { model_output: output });
}

interface Context {
  readonly config: UNetConfig;
  readonly text: Value;
  /** The activated time embedding, as every residual block takes it. */
  readonly time: Value;
}

/** What the config says of one level, from the finest to the coarsest. */
interface Level {
  readonly channels: number;
  readonly layers: number;
  readonly transformerLayers: number;
  readonly heads: number;
}

function blocksOf(config: UNetConfig): Level[] {
  const count = config.block_out_channels.length;
  const of = <T>(key: keyof UNetConfig, value: T | readonly T[]) => spread(value, count, `${key} of the UNet`);
  const layers = of("layers_per_block", config.layers_per_block);
  const transformers = of("transformer_layers_per_block", config.transformer_layers_per_block);
  const heads = of("attention_head_dim", config.attention_head_dim);
  of("down_block_types", config.down_block_types);
  of("up_block_types", config.up_block_types);
  return config.block_out_channels.map((channels, i) => ({
    channels,
    layers: layers[i]!,
    transformerLayers: transformers[i]!,
    heads: heads[i]!,
  }));
}

/** The width of the text states; all blocks take the same in the models we know. */
export function textWidth(config: UNetConfig): number {
  return spread(config.cross_attention_dim, config.block_out_channels.length, "cross_attention_dim of the UNet")[0]!;
}

// ---- embeddings of time, class and size -------------------------------------------------------------------------------

function timeEmbedding(scope: WeightScope, config: UNetConfig, batch: number): { time: Value; inputs: Value[] } {
  const base = config.block_out_channels[0]!;
  const out = config.time_embedding_dim ?? base * 4;
  const waves = (x: Value, width: number) =>
    sinusoid(x, width, { flipSinToCos: config.flip_sin_to_cos, frequencyShift: config.freq_shift });
  const timestep = input("timestep", "f32", [1]);
  const extra = [guidanceEmbedding, classEmbedding, sizeEmbedding].map((part) =>
    part(scope, config, batch, out, waves),
  );
  const [guidance, ...added] = extra;
  const start = waves(timestep, base);
  const time = mlp(scope.at("time_embedding"), guidance ? op.add(start, guidance.value) : start, out);
  const found = extra.filter((e) => e !== undefined);
  return {
    time: added.reduce((sum, e) => (e ? op.add(sum, e.value) : sum), time),
    inputs: [timestep, ...found.flatMap((e) => e.inputs)],
  };
}

type Embedding = (
  scope: WeightScope,
  config: UNetConfig,
  batch: number,
  out: number,
  waves: (x: Value, width: number) => Value,
) => { value: Value; inputs: Value[] } | undefined;

/** Linear, SiLU, linear. */
function mlp(scope: WeightScope, x: Value, out: number): Value {
  const exact = scope.exact();
  return linear(exact.at("linear_2"), silu(exact, linear(exact.at("linear_1"), x, out)), out);
}

/** The guidance scale as an input of distilled models (LCM). */
const guidanceEmbedding: Embedding = (scope, config, batch) => {
  if (config.time_cond_proj_dim === null) return undefined;
  const condition = input("timestep_cond", "f32", [batch, config.time_cond_proj_dim]);
  const base = config.block_out_channels[0]!;
  return {
    value: linear(scope.at("time_embedding", "cond_proj").exact(), condition, base, { bias: false }),
    inputs: [condition],
  };
};

const classEmbedding: Embedding = (scope, config, batch, out, waves) => {
  const at = scope.at("class_embedding");
  if (config.class_embed_type === null && config.num_class_embeds === null) return undefined;
  if (config.class_embed_type === null) {
    const labels = input("class_labels", "i64", [batch]);
    return { value: embedding(at, labels, config.num_class_embeds!, out), inputs: [labels] };
  }
  if (config.class_embed_type === "timestep") {
    const labels = input("class_labels", "f32", [batch]);
    return { value: mlp(at, waves(labels, config.block_out_channels[0]!), out), inputs: [labels] };
  }
  const width = config.class_embed_type === "identity" ? out : (config.projection_class_embeddings_input_dim ?? out);
  const labels = input("class_labels", "f32", [batch, width]);
  return { value: config.class_embed_type === "identity" ? labels : mlp(at, labels, out), inputs: [labels] };
};

/** SDXL: the pooled text beside sizes and crops. */
const sizeEmbedding: Embedding = (scope, config, batch, out, waves) => {
  if (config.addition_embed_type === null) return undefined;
  const width = config.addition_time_embed_dim ?? 256;
  const pooled = (config.projection_class_embeddings_input_dim ?? 0) - 6 * width;
  const text = input("text_embeds", "f32", [batch, pooled]);
  const ids = input("time_ids", "f32", [batch, 6]);
  const sizes = op.reshape(waves(op.reshape(ids, [batch * 6]), width), [batch, 6 * width]);
  return { value: mlp(scope.at("add_embedding"), op.concat([text, sizes], 1), out), inputs: [text, ids] };
};

// ---- blocks -----------------------------------------------------------------------------------------------------------

const resnetOptions = (config: UNetConfig, outputScale = config.resnet_out_scale_factor): ResnetOptions => ({
  groups: config.norm_num_groups,
  epsilon: config.norm_eps,
  activation: config.act_fn,
  outputScale,
});

function attend(scope: WeightScope, { config, text }: Context, level: Level, x: Value): Value {
  return transformer2d(scope, x, text, {
    layers: level.transformerLayers,
    heads: level.heads,
    groups: config.norm_num_groups,
    linearProjection: config.use_linear_projection,
  });
}

function downBlocks(
  scope: WeightScope,
  context: Context,
  levels: readonly Level[],
  x: Value,
): { x: Value; skips: Value[] } {
  const skips = [x];
  levels.forEach((level, i) => {
    const at = scope.at("down_blocks", i);
    const attended = context.config.down_block_types[i] === "CrossAttnDownBlock2D";
    for (let j = 0; j < level.layers; j++) {
      x = resnet(at.at("resnets", j), x, level.channels, context.time, resnetOptions(context.config));
      if (attended) x = attend(at.at("attentions", j), context, level, x);
      skips.push(x);
    }
    if (i === levels.length - 1) return;
    x = downsample(at.at("downsamplers", 0), x, context.config.downsample_padding);
    skips.push(x);
  });
  return { x, skips };
}

function midBlock(scope: WeightScope, context: Context, level: Level, x: Value): Value {
  const { config, time } = context;
  if (config.mid_block_type === null) return x;
  const options = resnetOptions(config, config.mid_block_scale_factor);
  const first = resnet(scope.at("resnets", 0), x, level.channels, time, options);
  const middle =
    config.mid_block_type === "UNetMidBlock2D" ? first : attend(scope.at("attentions", 0), context, level, first);
  return resnet(scope.at("resnets", 1), middle, level.channels, time, options);
}

function upBlocks(scope: WeightScope, context: Context, levels: readonly Level[], x: Value, skips: Value[]): Value {
  const { config } = context;
  levels.toReversed().forEach((level, i) => {
    const last = i === levels.length - 1;
    const at = scope.at("up_blocks", i);
    for (let j = 0; j <= level.layers; j++) {
      x = op.concat([x, skips.pop()!], 1);
      // The last residual block writes what is seen: it stays exact in every profile.
      const resnetScope = last && j === level.layers ? at.at("resnets", j).exact() : at.at("resnets", j);
      x = resnet(resnetScope, x, level.channels, context.time, resnetOptions(config));
      if (config.up_block_types[i] === "CrossAttnUpBlock2D") x = attend(at.at("attentions", j), context, level, x);
    }
    if (last) return;
    const [height, width] = skips.at(-1)!.shape.slice(2) as [number, number];
    x = upsample(at.at("upsamplers", 0), x, [height, width]);
  });
  return x;
}
