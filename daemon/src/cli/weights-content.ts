// What a weights file holds, guessed from its keys: the conventions of the programs that write such files.

/** Every pattern must match some key. The first row that fits counts. */
const CONTENTS: readonly (readonly [what: string, ...patterns: RegExp[]])[] = [
  ["LoRA (kohya)", /^lora_(unet|te|te1|te2|transformer)_.*\.lora_down\.weight$/],
  ["LoHa (LyCORIS)", /\.hada_w1_a$/],
  ["LoKr (LyCORIS)", /\.lokr_w[12](_a)?$/],
  ["LoRA (PEFT)", /\.lora_A\.(\w+\.)?weight$/],
  ["LoRA (diffusers, before PEFT)", /(\.lora\.down|_lora\.down)\.weight$/],
  ["IP-Adapter", /^(image_proj|ip_adapter)\./],
  ["ControlNet (single file)", /^control_model\./],
  ["ControlNet", /^controlnet_cond_embedding\./],
  ["Stable Diffusion XL checkpoint (single file)", /^model\.diffusion_model\./, /^conditioner\.embedders\./],
  ["Stable Diffusion 2 checkpoint (single file)", /^model\.diffusion_model\./, /^cond_stage_model\.model\./],
  ["Stable Diffusion 1 checkpoint (single file)", /^model\.diffusion_model\./, /^cond_stage_model\.transformer\./],
  ["Stable Diffusion network (single file, without text encoder)", /^model\.diffusion_model\.input_blocks\./],
  ["Flux transformer", /double_blocks\.\d+\.img_attn\./],
  ["Stable Diffusion 3 transformer", /joint_blocks\.\d+\./],
  ["textual inversion of SDXL", /^clip_l$/, /^clip_g$/],
  ["textual inversion", /^(emb_params|<.+>)$/],
  ["UNet (diffusers)", /^down_blocks\.\d+\./, /^up_blocks\.\d+\./, /^time_embedding\./],
  ["autoencoder (diffusers)", /^encoder\.down_blocks\./, /^decoder\.up_blocks\./],
  [
    "autoencoder (single file)",
    /^(first_stage_model\.)?encoder\.down\.\d+\./,
    /^(first_stage_model\.)?decoder\.up\.\d+\./,
  ],
  ["CLIP with both towers", /^text_model\.encoder\.layers\./, /^vision_model\.encoder\.layers\./],
  [
    "CLIP text encoder",
    /^(text_model\.)?encoder\.layers\.\d+\.self_attn\./,
    /^(text_model\.)?embeddings\.token_embedding\./,
  ],
  ["CLIP image encoder", /^vision_model\.encoder\.layers\./],
  ["T5 encoder", /^(encoder\.)?block\.\d+\.layer\.0\.SelfAttention\./],
];

/** In words for the user. */
export function guessContent(keys: readonly string[]): string {
  const found = CONTENTS.find(([, ...patterns]) => patterns.every((pattern) => keys.some((key) => pattern.test(key))));
  return found?.[0] ?? "tensors of no layout known here";
}
