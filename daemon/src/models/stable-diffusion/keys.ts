// Key conventions of Stable Diffusion checkpoints beside diffusers' present one.
import type { KeyRule } from "../keys.ts";

/** Autoencoders published before diffusers 0.15 name the attention of the middle block otherwise. */
export const AUTOENCODER_KEYS: readonly KeyRule[] = [
  [/\.attentions\.0\.query\./, ".attentions.0.to_q."],
  [/\.attentions\.0\.key\./, ".attentions.0.to_k."],
  [/\.attentions\.0\.value\./, ".attentions.0.to_v."],
  [/\.attentions\.0\.proj_attn\./, ".attentions.0.to_out.0."],
];
