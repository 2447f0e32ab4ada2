// task: image. Text to image, image to image, inpainting, with control and adapters.
import { Type, type Static } from "typebox";
import {
  commonKeys,
  controlKinds,
  defaultModel,
  guidanceScaleKey,
  lorasKey,
  modelKey,
  negativePromptKey,
  pictureOutput,
  previewKey,
  promptKey,
  sideKeys,
  stepsKey,
  strengthKey,
} from "./common.ts";
import { choice, file, group, number, oneOrMore, sizeText, text, whole } from "./elements.ts";

/** The solvers of the denoising equation. */
export const samplers = {
  euler: "Euler's method: one evaluation a step.",
  euler_ancestral: "Euler with fresh noise in every step (Euler a).",
  heun: "Heun's second-order method: two evaluations a step.",
  dpm2: "The second-order method of the Karras paper, with a midpoint.",
  dpm2_ancestral: "dpm2 with fresh noise in every step.",
  lms: "Linear multistep: uses the last four slopes.",
  dpmpp_2m: "DPM-Solver++ of second order, multistep. A good default.",
  dpmpp_2m_sde: "dpmpp_2m as a stochastic equation.",
  dpmpp_sde: "DPM-Solver++ as a stochastic equation, single-step.",
  dpmpp_2s_ancestral: "DPM-Solver++ of second order, single-step, with fresh noise.",
  dpmpp_3m_sde: "DPM-Solver++ of third order, multistep, stochastic.",
  ddim: "Denoising diffusion implicit models.",
  ddpm: "The original stochastic sampler.",
  pndm: "Pseudo numerical methods for diffusion (PLMS).",
  unipc: "Unified predictor-corrector.",
  deis: "Diffusion exponential integrator.",
  lcm: "For latent consistency models: 4 to 8 steps.",
  tcd: "For trajectory consistency distilled models: 4 to 8 steps.",
} as const;

/** The ways the noise levels are spaced. */
export const schedulers = {
  default: "What the model's own configuration says.",
  karras: "The spacing of Karras et al., denser at low noise.",
  exponential: "Evenly spaced in the logarithm of the noise.",
  beta: "Quantiles of a beta distribution.",
  normal: "Evenly spaced timesteps.",
  simple: "Every n-th of the training noise levels.",
  sgm_uniform: "Evenly spaced timesteps, without the last.",
  ddim_uniform: "The timesteps of DDIM.",
  linear_quadratic: "Linear first, then quadratic.",
  kl_optimal: "Spacing that minimises an upper bound on the KL divergence.",
  ays: "Align Your Steps: tables found by optimisation.",
} as const;

const control = Type.Array(
  group(
    {
      kind: choice(controlKinds, { description: "What the control picture shows." }),
      image: file("picture", "The control picture, or the node that makes it."),
      model: Type.Optional(
        modelKey({
          description: "The ControlNet. Default: one that fits the model and the kind.",
          examples: ["hf:lllyasviel/sd-controlnet-canny"],
        }),
      ),
      scale: Type.Optional(number(0, 10, "How strongly it steers.", { default: 1 })),
      start: Type.Optional(number(0, 1, "Share of the steps after which it begins.", { default: 0 })),
      end: Type.Optional(number(0, 1, "Share of the steps after which it ends.", { default: 1 })),
      preprocess: Type.Optional(
        choice(
          { auto: "Make the control picture from an ordinary one.", none: "The picture already is a control picture." },
          { description: "Whether the picture is turned into a control picture first.", default: "none" },
        ),
      ),
    },
    "One control picture.",
  ),
  { maxItems: 16, description: "ControlNets: pictures that steer the layout." },
);

const ipAdapter = group(
  {
    model: modelKey({ description: "The IP-Adapter's weights.", examples: ["./ip-adapter_sd15.safetensors"] }),
    image: oneOrMore(
      file("picture", "A picture to take from."),
      "The picture, or pictures, to take subject or style from.",
    ),
    weight: Type.Optional(number(-1, 5, "How strongly the picture counts.", { default: 1 })),
    image_encoder: Type.Optional(
      file("folder", "The picture encoder. Default: the `image_encoder` folder beside the adapter, or in the model."),
    ),
  },
  "IP-Adapter: prompts with pictures.",
);

const instantId = group(
  {
    model: modelKey({ description: "The InstantID weights.", examples: ["hf:InstantX/InstantID"] }),
    image: file("picture", "A picture of the face."),
    ip_scale: Type.Optional(number(0, 5, "How strongly the identity counts.", { default: 0.8 })),
    control_scale: Type.Optional(number(0, 5, "How strongly the face's landmarks count.", { default: 0.8 })),
  },
  "InstantID: keeps the identity of a face.",
);

const hires = group(
  {
    scale: Type.Optional(number(1, 8, "How much larger the second pass is.", { default: 2 })),
    steps: Type.Optional(whole(1, 1000, "Steps of the second pass. Default: as many as the first.")),
    strength: Type.Optional(number(0, 1, "How much the second pass may change.", { default: 0.7 })),
    upscaler: Type.Optional(
      text("How the first picture is enlarged: `latent`, `lanczos`, or a model.", { default: "latent" }),
    ),
  },
  "A second pass at a larger size.",
);

const embeddings = Type.Array(
  Type.Union([
    Type.String({ minLength: 1, format: "model" }),
    group(
      {
        file: file("model", "The embedding: a `.safetensors` file."),
        token: Type.Optional(text("The word that stands for it. Default: the file's name.", { minLength: 1 })),
      },
      "An embedding under a word of your choice.",
    ),
  ]),
  { maxItems: 256, description: "Textual-inversion embeddings, each usable as a word in the prompt." },
);

/** Every key of `task: image`. */
export const imageSchema = group(
  {
    task: Type.Literal("image"),
    model: Type.Optional(modelKey({ default: defaultModel })),
    ...commonKeys,
    output: Type.Optional(pictureOutput),
    prompt: promptKey,
    negative_prompt: Type.Optional(negativePromptKey),
    ...sideKeys,
    steps: Type.Optional(stepsKey),
    sampler: Type.Optional(choice(samplers, { description: "The solver. Default: the model's own." })),
    scheduler: Type.Optional(
      choice(schedulers, { description: "How the noise levels are spaced.", default: "default" }),
    ),
    guidance_scale: Type.Optional(guidanceScaleKey),
    guidance_rescale: Type.Optional(
      number(0, 1, "Takes back the overexposure of strong guidance (Lin et al.): 0 is off.", { default: 0 }),
    ),
    clip_skip: Type.Optional(
      whole(
        0,
        24,
        "Layers of the text encoder skipped, counted as diffusers does; under `compat: a1111` or `comfyui` 1 means none.",
      ),
    ),
    eta: Type.Optional(number(0, 1, "Share of fresh noise in each step of ddim and tcd: 0 is deterministic.")),
    image: Type.Optional(file("picture", "The picture to start from (image to image).")),
    strength: Type.Optional(strengthKey),
    mask: Type.Optional(file("picture", "Where to paint: white is made anew, black is kept. Needs `image`.")),
    mask_blur: Type.Optional(whole(0, 256, "Softness of the mask's edge in pixels.", { default: 0 })),
    inpaint: Type.Optional(
      choice(
        {
          blend: "Works with every model: the kept part is laid over in every step.",
          model: "The network was made for inpainting and sees mask and picture.",
        },
        { description: "How the mask is honoured. Default: `model` if the network takes a mask, otherwise `blend`." },
      ),
    ),
    loras: Type.Optional(lorasKey),
    embeddings: Type.Optional(embeddings),
    vae: Type.Optional(
      modelKey({
        description: "Another autoencoder than the model's own.",
        examples: ["hf:stabilityai/sd-vae-ft-mse"],
      }),
    ),
    control: Type.Optional(control),
    ip_adapter: Type.Optional(ipAdapter),
    instant_id: Type.Optional(instantId),
    hires: Type.Optional(hires),
    preview: Type.Optional(previewKey),
    prompt_2: Type.Optional(text("Prompt of the second text encoder (SDXL). Default: `prompt`.")),
    negative_prompt_2: Type.Optional(text("Negative prompt of the second text encoder (SDXL).")),
    original_size: Type.Optional(sizeText("The size the picture pretends to have had (SDXL).")),
    crops_coords_top_left: Type.Optional(
      Type.Array(whole(0, 16_384, "Pixels."), {
        minItems: 2,
        maxItems: 2,
        description: "Where the picture pretends to have been cropped: [top, left] (SDXL).",
      }),
    ),
    target_size: Type.Optional(sizeText("The size the picture pretends to be made for (SDXL).")),
    aesthetic_score: Type.Optional(number(0, 10, "The score the picture pretends to have (SDXL refiner).")),
  },
  "Makes pictures from text, or from text and a picture.",
);

/** A node of `task: image`. */
export type ImageNode = Static<typeof imageSchema>;
/** A solver by name. */
export type SamplerName = keyof typeof samplers;
/** A spacing of noise levels by name. */
export type SchedulerName = keyof typeof schedulers;
