// CLIPTextModel and CLIPTextModelWithProjection (Radford et al. 2021; transformers, models/clip/modeling_clip.py).
import type { Graph, Value } from "../../onnx/graph.ts";
import { graph, input } from "../../onnx/graph.ts";
import * as op from "../../onnx/ops.ts";
import { activation } from "../../nn/activation.ts";
import { attention } from "../../nn/attention.ts";
import { embedding, linear } from "../../nn/linear.ts";
import { layerNorm } from "../../nn/norm.ts";
import type { WeightScope } from "../../nn/weight-scope.ts";
import type { ClipTextConfig } from "./config.ts";

export interface TextModelOptions {
  readonly batch: number;
  /** Layers left out at the end. */
  readonly skip: number;
  /** Whether the hidden states pass the final norm. */
  readonly finalNorm: boolean;
  /** Whether the pooled, projected embedding is made too (CLIPTextModelWithProjection). */
  readonly projection: boolean;
}

/**
 * The text encoder. Inputs `input_ids` i64 (b, n) and, with projection, `pooled_index` i64 (b), the token's place that
 * stands for the text, counted over the whole batch. Outputs `hidden_states` (b, n, width) and `text_embeds` (b, projection).
 */
export function clipTextModel(scope: WeightScope, config: ClipTextConfig, options: TextModelOptions): Graph {
  const tokens = config.max_position_embeddings;
  const ids = input("input_ids", "i64", [options.batch, tokens]);
  const model = scope.at(scope.at("text_model", "embeddings", "token_embedding").has("weight") ? "text_model" : "");
  const mask = causalMask(tokens);
  const states = [embed(model.at("embeddings"), config, ids)];
  for (let i = 0; i < config.num_hidden_layers; i++)
    states.push(encoderLayer(model.at("encoder", "layers", i), config, states.at(-1)!, mask));
  const norm = (x: Value) => layerNorm(model.at("final_layer_norm"), x, config.layer_norm_eps);
  const chosen = states[config.num_hidden_layers - options.skip]!;
  const hidden = options.finalNorm ? norm(chosen) : chosen;
  if (!options.projection) return graph([ids], { hidden_states: hidden });
  const index = input("pooled_index", "i64", [options.batch]);
  const rows = op.reshape(norm(states.at(-1)!), [-1, config.hidden_size]);
  const pooled = linear(scope.at("text_projection"), op.gather(rows, index), config.projection_dim, { bias: false });
  return graph([ids, index], { hidden_states: hidden, text_embeds: pooled });
}

function embed(scope: WeightScope, config: ClipTextConfig, ids: Value): Value {
  const width = config.hidden_size;
  const tokens = embedding(scope.at("token_embedding"), ids, config.vocab_size, width);
  return op.add(tokens, scope.at("position_embedding").tensor("weight", [config.max_position_embeddings, width]));
}

function encoderLayer(scope: WeightScope, config: ClipTextConfig, x: Value, mask: Value): Value {
  const norm = (name: string, y: Value) => layerNorm(scope.at(name), y, config.layer_norm_eps);
  const attended = op.add(x, selfAttention(scope.at("self_attn"), config, norm("layer_norm1", x), mask));
  return op.add(attended, mlp(scope.at("mlp"), config, norm("layer_norm2", attended)));
}

function selfAttention(scope: WeightScope, config: ClipTextConfig, x: Value, mask: Value): Value {
  const project = (name: string, y: Value) => linear(scope.at(name), y, config.hidden_size);
  const [q, k, v] = ["q_proj", "k_proj", "v_proj"].map((name) => project(name, x)) as [Value, Value, Value];
  return project("out_proj", attention(scope, q, k, v, config.num_attention_heads, mask));
}

function mlp(scope: WeightScope, config: ClipTextConfig, x: Value): Value {
  const hidden = activation(config.hidden_act)(scope, linear(scope.at("fc1"), x, config.intermediate_size));
  return linear(scope.at("fc2"), hidden, config.hidden_size);
}

/** −∞ (as the smallest float) above the diagonal: (1, 1, n, n). */
function causalMask(n: number): Value {
  const lowest = -3.4028234663852886e38;
  const values = Array.from({ length: n * n }, (_, i) => (i % n > Math.floor(i / n) ? lowest : 0));
  return op.constant(values, [1, 1, n, n]);
}
