// What is asked of the picture pipelines, and what they share before the first step.
import { DiffusionError } from "../base/errors.ts";
import type { Sampling } from "../diffusion/from-config.ts";
import { samplingFromConfig } from "../diffusion/from-config.ts";
import type { SamplerName, SchedulerName } from "../diffusion/names.ts";
import { pixelsPerLatent } from "../models/stable-diffusion/index.ts";
import type { NoiseSource } from "../random/noise-source.ts";
import type { Context } from "./context.ts";
import type { Conditioning } from "./denoise.ts";
import type { Prompts } from "./text.ts";
import { encodePrompts } from "./text.ts";

export interface PictureRequest extends Prompts {
  readonly width: number;
  readonly height: number;
  readonly steps: number;
  readonly sampler?: SamplerName | undefined;
  readonly scheduler?: SchedulerName | undefined;
  readonly guidanceScale: number;
  readonly guidanceRescale: number;
  readonly eta: number;
  /** XL: what the picture pretends to be cut from; height before width, top before left. */
  readonly originalSize?: readonly [height: number, width: number] | undefined;
  readonly cropTopLeft?: readonly [top: number, left: number] | undefined;
  readonly targetSize?: readonly [height: number, width: number] | undefined;
  /** pictures drawn side by side from one source of noise */
  readonly batch: number;
  /** the noise of the whole call, in the order of its draws */
  readonly noise: NoiseSource;
  /** noise of the steps, where it comes from another source than the start's; default: `noise` */
  readonly stepNoise?: NoiseSource | undefined;
  /** the seed, for samplers that draw a whole path from it */
  readonly seed: bigint;
}

/** The words of the request as text states, with what else the denoiser is told. */
export async function conditioningOf(context: Context, request: PictureRequest): Promise<Conditioning> {
  const { guidanceScale, guidanceRescale, height, width } = request;
  // Distilled models take the scale as an input instead.
  const guided = guidanceScale > 1 && context.model.unet.config.time_cond_proj_dim === null;
  const { positive, negative } = await encodePrompts(context, request, guided);
  context.onProgress({ phase: "text", step: 1, of: 1 });
  const size = [height, width] as const;
  const timeIds = [
    ...(request.originalSize ?? size),
    ...(request.cropTopLeft ?? [0, 0]),
    ...(request.targetSize ?? size),
  ];
  return { positive, negative, guidanceScale, guidanceRescale, timeIds };
}

/** The sampler over the model's noise levels. ComfyUI and A1111 space them evenly unless told otherwise. */
export function samplingOf(context: Context, request: PictureRequest, strength?: number): Sampling {
  const { steps, sampler, scheduler, eta, seed, compat } = request;
  const spacing =
    scheduler === undefined || scheduler === "default" ? (compat === "diffusers" ? undefined : "normal") : scheduler;
  return samplingFromConfig(context.model.scheduler, {
    steps,
    sampler: sampler ?? (compat === "diffusers" ? undefined : "euler"),
    scheduler: spacing,
    strength,
    eta,
    seed,
    aysFamily:
      context.model.unet.config.addition_embed_type === "text_time" ? "stable-diffusion-xl" : "stable-diffusion",
  });
}

/**
 * Refuses what the model cannot do before anything is loaded.
 * @throws DiffusionError `unsupported`, `document`
 */
export function requireFit(context: Context, { width, height }: PictureRequest): void {
  const { unet, autoencoder, folder } = context.model;
  const multiple = pixelsPerLatent(autoencoder.config);
  for (const [name, size] of [
    ["width", width],
    ["height", height],
  ] as const)
    if (size % multiple !== 0)
      throw new DiffusionError(
        "document",
        `${name} ${size} is not a multiple of ${multiple}, which this model needs; the nearest is ${Math.max(1, Math.round(size / multiple)) * multiple}`,
      );
  if (unet.config.in_channels !== autoencoder.config.latent_channels)
    throw new DiffusionError(
      "unsupported",
      `${folder.path} takes ${unet.config.in_channels} channels (an inpainting or edit model), which this version cannot run`,
    );
  if (unet.config.class_embed_type !== null || unet.config.num_class_embeds !== null)
    throw new DiffusionError("unsupported", `${folder.path} needs class labels, which a text prompt does not give`);
}
