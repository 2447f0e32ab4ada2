// The Stable Diffusion family: how it is known, what it can do, and its pieces.
import type { FamilyDescriptor } from "../family.ts";
import { pixelsPerLatent } from "./autoencoder-config.ts";
import { textWidth } from "./unet.ts";
import { loadStableDiffusion } from "./load.ts";

export type { Component, StableDiffusion, TextEncoder } from "./load.ts";
export { loadStableDiffusion, weightFilesOf } from "./load.ts";
export { decoder, encoder, latentSize } from "./autoencoder.ts";
export { pixelsPerLatent } from "./autoencoder-config.ts";
export { INVARIANT_INPUTS, unet } from "./unet.ts";

const PIPELINES = [
  "StableDiffusionPipeline",
  "StableDiffusionImg2ImgPipeline",
  "StableDiffusionInpaintPipeline",
  "StableDiffusionXLPipeline",
  "StableDiffusionXLImg2ImgPipeline",
  "StableDiffusionXLInpaintPipeline",
  "LatentConsistencyModelPipeline",
];

export const stableDiffusion: FamilyDescriptor = {
  name: "Stable Diffusion",
  detect: (folder) => PIPELINES.includes(folder.pipelineClass),
  async describe(folder) {
    const { unet, textEncoders, autoencoder } = await loadStableDiffusion(folder);
    const xl = unet.config.addition_embed_type === "text_time";
    const size =
      typeof unet.config.sample_size === "number"
        ? unet.config.sample_size * pixelsPerLatent(autoencoder.config)
        : undefined;
    return {
      variant: xl ? "XL" : textWidth(unet.config) === 1024 ? "2" : "1",
      parts: [
        ...textEncoders.map((part, i) => ({
          name: i === 0 ? "text encoder" : `text encoder ${i + 1}`,
          source: part.source,
        })),
        { name: "unet", source: unet.source },
        { name: "autoencoder", source: autoencoder.source },
      ],
      tasks:
        unet.config.in_channels === autoencoder.config.latent_channels
          ? ["text to image", "image to image", "inpainting"]
          : [],
      ...(size === undefined ? {} : { nativeSize: size }),
    };
  },
};
