// Inpainting with any model: the known part, noised to each step's level, is put back after the step, as
// StableDiffusionInpaintPipeline does with a UNet of four channels.
import { addNoise } from "../diffusion/denoiser.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { scale } from "../tensor/tensor.ts";
import { blend, decodeLatents, encodePicture, repeatBatch } from "./autoencode.ts";
import type { Context } from "./context.ts";
import { denoise } from "./denoise.ts";
import type { ImageToImageRequest } from "./image-to-image.ts";
import { conditioningOf, requireFit, samplingOf } from "./request.ts";

export interface InpaintRequest extends ImageToImageRequest {
  /** (1, 1, height, width): 1 where the picture is made anew, 0 where it is kept */
  readonly mask: Tensor;
}

/** Pictures (batch, 3, height, width), about −1 … 1. */
export async function inpaint(context: Context, request: InpaintRequest): Promise<Tensor> {
  requireFit(context, request);
  // 1. The words
  const conditioning = await conditioningOf(context, request);
  // 2. The noise levels that are left at this strength
  const sampling = samplingOf(context, request, request.strength);
  const { levels } = sampling.sampler;
  // 3. The picture as latents, then noise; diffusers also draws for the masked picture, which four channels do not take
  const known = repeatBatch(await encodePicture(context, request.image, request.noise), request.batch);
  const noise = request.noise.randn(known.shape);
  request.noise.randn([1, ...known.shape.slice(1)]);
  const start =
    request.strength === 1 ? scale(noise, sampling.initNoiseSigma) : addNoise(known, noise, levels[sampling.begin]!);
  // 4. Denoising, with the known part put back at the level of the next step
  const mask = latentMask(request.mask, known);
  const denoised = await denoise(context, conditioning, {
    sampling,
    start,
    noise: request.stepNoise ?? request.noise,
    afterStep: (x, done) => {
      const next = levels[done];
      return blend(x, next ? addNoise(known, noise, next) : known, mask);
    },
  });
  // 5. The picture
  return decodeLatents(context, denoised);
}

/** The mask at the size of the latents, each taken from one pixel, as torch's nearest interpolation picks it. */
function latentMask(mask: Tensor, latents: Tensor): Tensor {
  const [, , height, width] = mask.shape as [number, number, number, number];
  const [h, w] = latents.shape.slice(2) as [number, number];
  const pick = (i: number) => {
    const row = Math.floor((Math.floor(i / w) * height) / h);
    return mask.data[row * width + Math.floor(((i % w) * width) / w)]!;
  };
  return { dtype: "f32", shape: [1, 1, h, w], data: Float32Array.from({ length: h * w }, (_, i) => pick(i)) };
}
