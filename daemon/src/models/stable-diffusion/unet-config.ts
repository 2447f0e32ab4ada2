// config.json of UNet2DConditionModel.
import type { ConfigOf } from "../config.ts";
import { boolean, integer, listOf, number, oneOf, optional, perBlock, readConfig } from "../config.ts";

const only = <const T extends string | number | boolean | null>(value: T) => oneOf([value], value);

const FIELDS = {
  in_channels: integer(4),
  out_channels: integer(4),
  sample_size: optional(perBlock(integer())),
  block_out_channels: listOf(integer(), [320, 640, 1280, 1280]),
  down_block_types: listOf(oneOf(["CrossAttnDownBlock2D", "DownBlock2D"]), [
    "CrossAttnDownBlock2D",
    "CrossAttnDownBlock2D",
    "CrossAttnDownBlock2D",
    "DownBlock2D",
  ]),
  mid_block_type: oneOf(["UNetMidBlock2DCrossAttn", "UNetMidBlock2D", null], "UNetMidBlock2DCrossAttn"),
  up_block_types: listOf(oneOf(["CrossAttnUpBlock2D", "UpBlock2D"]), [
    "UpBlock2D",
    "CrossAttnUpBlock2D",
    "CrossAttnUpBlock2D",
    "CrossAttnUpBlock2D",
  ]),
  layers_per_block: perBlock(integer(), 2),
  transformer_layers_per_block: perBlock(integer(), 1),
  /** The number of heads, despite its name, which diffusers keeps for its old configs. */
  attention_head_dim: perBlock(integer(), 8),
  cross_attention_dim: perBlock(integer(), 1280),
  use_linear_projection: boolean(false),
  norm_num_groups: integer(32),
  norm_eps: number(1e-5),
  act_fn: oneOf(["silu", "swish", "gelu", "relu"], "silu"),
  downsample_padding: oneOf([0, 1], 1),
  mid_block_scale_factor: number(1),
  resnet_out_scale_factor: number(1),
  flip_sin_to_cos: boolean(true),
  freq_shift: number(0),
  time_embedding_dim: optional(integer()),
  time_cond_proj_dim: optional(integer()),
  class_embed_type: oneOf([null, "timestep", "identity", "projection"], null),
  num_class_embeds: optional(integer()),
  projection_class_embeddings_input_dim: optional(integer()),
  addition_embed_type: oneOf([null, "text_time"], null),
  addition_time_embed_dim: optional(integer()),
  // Variants of other families: named so that a model that has them is refused, not drawn wrongly.
  center_input_sample: only(false),
  only_cross_attention: only(false),
  num_attention_heads: only(null),
  dual_cross_attention: only(false),
  encoder_hid_dim: only(null),
  encoder_hid_dim_type: only(null),
  resnet_time_scale_shift: only("default"),
  resnet_skip_time_act: only(false),
  reverse_transformer_layers_per_block: only(null),
  time_embedding_type: only("positional"),
  time_embedding_act_fn: only(null),
  timestep_post_act: only(null),
  conv_in_kernel: only(3),
  conv_out_kernel: only(3),
  attention_type: oneOf(["default"], "default"),
  class_embeddings_concat: only(false),
  cross_attention_norm: only(null),
};

/** Without effect at inference in full precision, or only read by variants that are refused above. */
const IGNORED = ["dropout", "upcast_attention", "mid_block_only_cross_attention", "addition_embed_type_num_heads"];

export type UNetConfig = ConfigOf<typeof FIELDS>;

/** @throws DiffusionError `model-invalid` */
export const readUNetConfig = (raw: unknown, path: string): UNetConfig => readConfig(raw, path, FIELDS, IGNORED);
