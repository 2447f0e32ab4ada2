// config.json of CLIP text encoders.
import type { ConfigOf } from "../config.ts";
import { integer, number, oneOf, readConfig } from "../config.ts";

const FIELDS = {
  vocab_size: integer(49408),
  hidden_size: integer(512),
  intermediate_size: integer(2048),
  num_hidden_layers: integer(12),
  num_attention_heads: integer(8),
  max_position_embeddings: integer(77),
  projection_dim: integer(512),
  hidden_act: oneOf(["quick_gelu", "gelu", "gelu_new", "gelu_pytorch_tanh"], "quick_gelu"),
  layer_norm_eps: number(1e-5),
  eos_token_id: number(49407),
};

/** Keys of transformers' PretrainedConfig that change nothing in this network's forward pass. */
const IGNORED = [
  "architectures",
  "attention_dropout",
  "bos_token_id",
  "dropout",
  "dtype",
  "initializer_factor",
  "initializer_range",
  "model_type",
  "pad_token_id",
  "torch_dtype",
  "transformers_version",
];

export type ClipTextConfig = ConfigOf<typeof FIELDS>;

/** @throws DiffusionError `model-invalid` */
export const readClipTextConfig = (raw: unknown, path: string): ClipTextConfig =>
  readConfig(raw, path, FIELDS, IGNORED);

/**
 * Where the pooled embedding is taken in each row of ids: the first end token; by the old rule (eos_token_id 2, as the
 * published SD configs have it) the largest id.
 */
export function pooledIndices(ids: readonly (readonly number[])[], config: ClipTextConfig): number[] {
  const place = (row: readonly number[]) =>
    config.eos_token_id === 2 ? row.indexOf(Math.max(...row)) : Math.max(0, row.indexOf(config.eos_token_id));
  return ids.map((row, i) => i * row.length + place(row));
}
