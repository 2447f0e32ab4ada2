// Text to image (Rombach et al. 2022), step for step as diffusers' StableDiffusionPipeline.
import { tensor } from "../tensor/tensor.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { decodeLatents, latentShape } from "./autoencode.ts";
import type { Context } from "./context.ts";
import { denoise } from "./denoise.ts";
import type { PictureRequest } from "./request.ts";
import { conditioningOf, requireFit, samplingOf } from "./request.ts";

/** Pictures (batch, 3, height, width), about −1 … 1. */
export async function textToImage(context: Context, request: PictureRequest): Promise<Tensor> {
  requireFit(context, request);
  // 1. The words
  const conditioning = await conditioningOf(context, request);
  // 2. The noise levels and the solver
  const sampling = samplingOf(context, request);
  // 3. Pure noise at the first level
  const draw = request.noise.randn(latentShape(context, request.batch, request.height, request.width));
  const start = tensor(
    draw.data.map((v) => v * sampling.initNoiseSigma),
    draw.shape,
  );
  // 4. Denoising
  const latents = await denoise(context, conditioning, {
    sampling,
    start,
    noise: request.stepNoise ?? request.noise,
  });
  // 5. The picture
  return decodeLatents(context, latents);
}
