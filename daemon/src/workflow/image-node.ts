// The task `image`: from a node of the document to pictures with their records.
import { dirname, resolve } from "node:path";
import { stringify } from "yaml";
import { gaussianBlur } from "../codecs/blur.ts";
import { decodeImage } from "../codecs/decode.ts";
import type { GenerationSettings } from "../codecs/a1111-parameters.ts";
import type { Image } from "../codecs/image.ts";
import { imagesFromTensor } from "../codecs/image-tensor.ts";
import { preprocessImage, preprocessMask } from "../codecs/preprocess.ts";
import { commonDefaults, defaultTask } from "../../../schemas/document/index.ts";
import { DiffusionError } from "../base/errors.ts";
import { applyEdits, orderKeys } from "../language/format/index.ts";
import { version } from "../base/install.ts";
import type { RunnableOf } from "../language/resolve.ts";
import { pixelsPerLatent, type StableDiffusion } from "../models/stable-diffusion/index.ts";
import type { Context } from "../pipelines/context.ts";
import { imageToImage } from "../pipelines/image-to-image.ts";
import { inpaint } from "../pipelines/inpaint.ts";
import type { PictureRequest } from "../pipelines/request.ts";
import { textToImage } from "../pipelines/text-to-image.ts";
import { noiseOf } from "./noise.ts";
import { drawPrompt, type PromptPlace } from "./prompt.ts";

export type ImageNode = RunnableOf<"image">;

/** Steps and guidance where neither the file nor the model says any; models distilled to few steps take others. */
const USUAL = { steps: 30, guidanceScale: 7.5 };
const DISTILLED = { steps: 4, guidanceScale: 8.5 };

function defaultsOf({ folder, unet }: StableDiffusion): { steps: number; guidanceScale: number } {
  const usual = unet.config.time_cond_proj_dim === null ? USUAL : DISTILLED;
  const { steps, guidance_scale } = folder.hints.defaults;
  return { steps: steps ?? usual.steps, guidanceScale: guidance_scale ?? usual.guidanceScale };
}

/** A node with everything decided that all its pictures share. */
export interface PreparedImage {
  readonly request: Omit<PictureRequest, "seed" | "noise" | "stepNoise" | "batch">;
  readonly image: Image | undefined;
  readonly mask: Image | undefined;
  readonly strength: number;
}

/**
 * Reads the node's input pictures and fills in what the model decides.
 * @param file the document that relative paths start at
 * @throws DiffusionError `file-not-found`, `picture-invalid`, `picture-too-large`, `unsupported`
 */
export async function prepareImage({ keys }: ImageNode, model: StableDiffusion, file: string): Promise<PreparedImage> {
  const path = (written: string) => resolve(dirname(file), written);
  if (keys.inpaint === "model")
    throw new DiffusionError("unsupported", `${model.folder.path} was not made for inpainting; use \`inpaint: blend\``);
  const image = keys.image === undefined ? undefined : await decodeImage(path(keys.image));
  const mask = keys.mask === undefined ? undefined : await decodeImage(path(keys.mask), { channels: 1 });
  const defaults = defaultsOf(model);
  return {
    request: {
      prompt: keys.prompt,
      negativePrompt: keys.negative_prompt,
      ...sizeOf(keys, image, model),
      steps: keys.steps ?? defaults.steps,
      sampler: keys.sampler,
      scheduler: keys.scheduler,
      guidanceScale: keys.guidance_scale ?? defaults.guidanceScale,
      guidanceRescale: keys.guidance_rescale ?? 0,
      eta: keys.eta ?? 0,
      clipSkip: layersSkipped(keys),
      compat: keys.compat,
    },
    image,
    mask: mask && keys.mask_blur ? gaussianBlur(mask, keys.mask_blur) : mask,
    strength: keys.strength ?? (mask ? 1 : 0.8),
  };
}

/** A1111 and ComfyUI count from 1, diffusers from 0. */
function layersSkipped({ clip_skip, compat }: ImageNode["keys"]): number {
  if (clip_skip === undefined) return 0;
  return compat === "diffusers" ? clip_skip : Math.max(0, clip_skip - 1);
}

/** The file's size; else the input picture's, rounded down; else the model's own. */
function sizeOf(
  keys: ImageNode["keys"],
  image: Image | undefined,
  model: StableDiffusion,
): { width: number; height: number } {
  const multiple = pixelsPerLatent(model.autoencoder.config);
  const down = (side: number) => Math.max(multiple, side - (side % multiple));
  const sample = model.unet.config.sample_size;
  const [rows, columns] = typeof sample === "number" ? [sample, sample] : [sample?.[0] ?? 64, sample?.[1] ?? 64];
  return {
    width: keys.width ?? (image ? down(image.width) : columns * multiple),
    height: keys.height ?? (image ? down(image.height) : rows * multiple),
  };
}

/** The node as it stands for one seed: choices and wildcards of its prompts are made. @throws DiffusionError `not-available` */
export function withDrawnPrompts(prepared: PreparedImage, place: PromptPlace): PreparedImage {
  const { prompt, negativePrompt } = prepared.request;
  const drawn = {
    prompt: drawPrompt(prompt, place),
    negativePrompt: negativePrompt === undefined ? undefined : drawPrompt(negativePrompt, place),
  };
  return { ...prepared, request: { ...prepared.request, ...drawn } };
}

/** Draws the picture of one seed. */
export async function drawImage(prepared: PreparedImage, context: Context, seed: bigint): Promise<Image> {
  const { request, image, mask, strength } = prepared;
  const { width, height } = request;
  const whole: PictureRequest = { ...request, batch: 1, seed, ...noiseOf(seed, request.compat) };
  const fit = { width, height, multiple: pixelsPerLatent(context.model.autoencoder.config) };
  const known = image && { image: preprocessImage(image, fit), strength };
  const picture = !known
    ? await textToImage(context, whole)
    : mask
      ? await inpaint(context, { ...whole, ...known, mask: preprocessMask(mask, fit) })
      : await imageToImage(context, { ...whole, ...known });
  return imagesFromTensor(picture, "signed")[0]!;
}

/** A document of this one picture: the file's own text where it says just that, else the merged keys. */
export function documentOf({ keys, text }: ImageNode, seed: bigint, verbatim: boolean): string {
  if (verbatim && keys.count === 1 && keys.seed === seed) return text;
  const { output: _, count: __, memory, ...rest } = keys;
  const unusual = Object.entries(memory).filter(([, value]) => value !== "auto" && value !== "none");
  const said = Object.entries({ ...rest, seed }).filter(([key, value]) => DEFAULTS[key] !== value);
  const all = { ...Object.fromEntries(said), ...(unusual.length > 0 ? { memory: Object.fromEntries(unusual) } : {}) };
  const document = stringify({ diffusion: 1, ...all }, { lineWidth: 120 });
  return applyEdits(document, orderKeys(document));
}

/** What need not be said, since every node has it. */
const DEFAULTS: Readonly<Record<string, unknown>> = { task: defaultTask, ...commonDefaults };

/** The same in A1111's words. */
export function settingsOf(
  prepared: PreparedImage,
  seed: bigint,
  model: string,
  modelHash: string | undefined,
): GenerationSettings {
  const { request, image, strength } = prepared;
  return {
    prompt: request.prompt,
    ...(request.negativePrompt === undefined ? {} : { negativePrompt: request.negativePrompt }),
    steps: request.steps,
    sampler: request.sampler ?? "euler",
    scheduler: request.scheduler ?? "default",
    guidanceScale: request.guidanceScale,
    seed,
    width: request.width,
    height: request.height,
    model,
    ...(modelHash === undefined ? {} : { modelHash }),
    ...(image ? { strength } : {}),
    clipSkip: request.clipSkip + 1,
    version: `Diffusion ${version}`,
  };
}
