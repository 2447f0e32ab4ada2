// Image to image (SDEdit, Meng et al. 2022): noise a picture part of the way and denoise it, as StableDiffusionImg2ImgPipeline.
import { addNoise } from "../diffusion/denoiser.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { decodeLatents, encodePicture, repeatBatch } from "./autoencode.ts";
import type { Context } from "./context.ts";
import { denoise } from "./denoise.ts";
import type { PictureRequest } from "./request.ts";
import { conditioningOf, requireFit, samplingOf } from "./request.ts";

export interface ImageToImageRequest extends PictureRequest {
  /** (1, 3, height, width), −1 … 1 */
  readonly image: Tensor;
  /** Share of the steps that is run, above 0 to 1. */
  readonly strength: number;
}

/** Pictures (batch, 3, height, width), about −1 … 1. */
export async function imageToImage(context: Context, request: ImageToImageRequest): Promise<Tensor> {
  requireFit(context, request);
  // 1. The words
  const conditioning = await conditioningOf(context, request);
  // 2. The noise levels that are left at this strength
  const sampling = samplingOf(context, request, request.strength);
  const first = sampling.sampler.levels[sampling.begin]!;
  // 3. The picture as latents, then noise: in the order of diffusers' draws
  const latents = repeatBatch(await encodePicture(context, request.image, request.noise), request.batch);
  const start = addNoise(latents, request.noise.randn(latents.shape), first);
  // 4. Denoising
  const denoised = await denoise(context, conditioning, {
    sampling,
    start,
    noise: request.stepNoise ?? request.noise,
  });
  // 5. The picture
  return decodeLatents(context, denoised);
}
