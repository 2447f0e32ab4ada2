// config.json of AutoencoderKL.
import type { ConfigOf } from "../config.ts";
import { boolean, integer, listOf, number, oneOf, optional, readConfig } from "../config.ts";

const FIELDS = {
  in_channels: integer(3),
  out_channels: integer(3),
  latent_channels: integer(4),
  block_out_channels: listOf(integer(), [64]),
  down_block_types: listOf(oneOf(["DownEncoderBlock2D"]), ["DownEncoderBlock2D"]),
  up_block_types: listOf(oneOf(["UpDecoderBlock2D"]), ["UpDecoderBlock2D"]),
  layers_per_block: integer(1),
  act_fn: oneOf(["silu", "swish", "gelu", "relu"], "silu"),
  norm_num_groups: integer(32),
  sample_size: integer(32),
  scaling_factor: number(0.18215),
  shift_factor: optional(number()),
  use_quant_conv: boolean(true),
  use_post_quant_conv: boolean(true),
  mid_block_add_attention: boolean(true),
  latents_mean: oneOf([null], null),
  latents_std: oneOf([null], null),
};

/** `force_upcast` speaks of half precision only; the network runs in full precision here. */
const IGNORED = ["force_upcast"];

export type AutoencoderConfig = ConfigOf<typeof FIELDS>;

/** @throws DiffusionError `model-invalid` */
export const readAutoencoderConfig = (raw: unknown, path: string): AutoencoderConfig =>
  readConfig(raw, path, FIELDS, IGNORED);

/** Pixels per latent along each side. */
export const pixelsPerLatent = (config: AutoencoderConfig): number => 2 ** (config.block_out_channels.length - 1);
