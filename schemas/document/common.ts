// The keys that every node has, whatever its task.
import { Type, type Static } from "typebox";
import { choice, file, flag, group, number, sizeText, text, whole } from "./elements.ts";

/** What a node gets when neither the node nor `defaults` says so. */
export const commonDefaults = {
  seed: "random",
  count: 1,
  device: "auto",
  precision: "auto",
  compat: "diffusers",
} as const;

/** The model of a picture task that names none: the one that comes with the product. */
export const defaultModel = "vignette";

const modelDescription =
  "The model: `vignette` (bundled), a registered name, `./folder` (diffusers layout), `./file.safetensors`, " +
  "`hf:org/name[@revision][#subfolder]`, or `{file, config}`. Relative paths start at this file.";

/** A model by name or path, or a single file with a diffusers folder for its configuration. */
export function modelKey(options: { default?: string; description?: string; examples?: readonly string[] } = {}) {
  return Type.Union(
    [
      Type.String({ minLength: 1, format: "model" }),
      group(
        {
          file: file("model", "The single file that holds the weights."),
          config: file("folder", "A folder in the layout of diffusers: configuration and tokenizer come from it."),
        },
        "A single file, and the folder that says how to read it.",
      ),
    ],
    {
      description: modelDescription,
      examples: ["vignette", "./models/my-model", "hf:runwayml/stable-diffusion-v1-5"],
      ...options,
    },
  );
}

/** How results are named and written. `formats` lists what the task can write; the first is its default. */
export function outputKey<const Formats extends Record<string, string>>(formats: Formats) {
  return group(
    {
      name: Type.Optional(
        text(
          "The file name without its ending: a template of {file} {node} {index} {seed} {model} {date}. " +
            "Default `{file}-{index}`, in a workflow `{file}-{node}-{index}`.",
          { minLength: 1, maxLength: 200, examples: ["{file}-{seed}", "{node}/{date}-{index}"] },
        ),
      ),
      format: Type.Optional(
        choice(formats, { description: "The kind of file to write.", default: Object.keys(formats)[0] }),
      ),
      quality: Type.Optional(whole(1, 100, "Quality of a lossy format, 1 to 100.", { default: 90 })),
      metadata: Type.Optional(
        choice(
          {
            full: "The whole record: node, prompt, seeds, hashes, versions.",
            minimal: "Only what is needed to make it again.",
            none: "Nothing.",
          },
          { description: "What is recorded inside the file about how it was made.", default: "full" },
        ),
      ),
    },
    "How results are named and written.",
  );
}

/** Picture files. */
export const pictureOutput = outputKey({
  png: "Lossless, carries the whole record.",
  jpeg: "Lossy, small.",
  webp: "Lossy, smaller.",
});
/** Video files. */
export const videoOutput = outputKey({
  mp4: "H.264, plays everywhere.",
  webm: "VP9, free of patents.",
  webp: "An animated picture.",
});
/** Sound files. */
export const soundOutput = outputKey({ wav: "Uncompressed.", flac: "Lossless, about half the size." });
/** Tensor files. */
export const tensorOutput = outputKey({ safetensors: "Named tensors with a header of JSON." });

const memory = group(
  {
    attention: Type.Optional(
      choice(
        {
          auto: "The best the device can do.",
          fused: "One fused kernel: fast, little memory.",
          sliced: "In slices: slower, least memory.",
        },
        { description: "How attention is computed.", default: "auto" },
      ),
    ),
    vae: Type.Optional(
      choice(
        {
          auto: "Whole when it fits, otherwise tiled.",
          sliced: "One picture of the batch after the other.",
          tiled: "In overlapping tiles, for large pictures.",
          whole: "The whole picture at once.",
        },
        { description: "How pictures are encoded and decoded.", default: "auto" },
      ),
    ),
    offload: Type.Optional(
      choice(
        {
          none: "Everything stays on the device.",
          model: "Networks move to the device one at a time.",
          sequential: "Blocks move to the device one at a time: slowest, least memory.",
        },
        { description: "What is kept off the device while it is not needed.", default: "none" },
      ),
    ),
    budget: Type.Optional(
      text("The most memory a run may take.", {
        pattern: "^[0-9]+(\\.[0-9]+)? ?[GM]i?B$",
        patternErrorMessage: "an amount of memory such as 6GB",
        examples: ["6GB", "800MB"],
      }),
    ),
  },
  "Trades speed for memory.",
);

const cache = group(
  {
    steps: Type.Optional(
      choice(
        {
          none: "Every step runs the whole network.",
          deepcache: "Deep features are kept for several steps (DeepCache): faster, slightly different.",
        },
        { description: "Reuse of work between steps.", default: "none" },
      ),
    ),
  },
  "Reuse of work inside a run.",
);

const seed = Type.Union(
  [
    Type.Unsafe<bigint>({ type: "integer", minimum: 0, exclusiveMaximum: 2 ** 64 }),
    choice({ random: "Drawn anew for each run, and recorded with the result." }),
  ],
  {
    description:
      "Where the noise starts: a whole number from 0 to 18446744073709551615, kept exactly, or `random`. " +
      "The same seed with the same settings gives the same result.",
    default: commonDefaults.seed,
    examples: [4],
  },
);

const matrix = Type.Record(Type.String(), Type.Array(Type.Unknown(), { minItems: 1, maxItems: 1000 }), {
  description: "Lists of values for other keys: the node runs once for every combination and shows a labelled grid.",
  examples: [{ seed: [1, 2, 3] }],
});

/** The keys of every node, except `task`, `model` and `output`, which differ a little by task. */
export const commonKeys = {
  seed: Type.Optional(seed),
  count: Type.Optional(
    whole(1, 10_000, "How many results to make; each takes the next seed.", { default: commonDefaults.count }),
  ),
  matrix: Type.Optional(matrix),
  device: Type.Optional(
    choice(
      {
        auto: "The fastest device that passes its self-test.",
        cpu: "The processor.",
        cuda: "An NVIDIA card.",
        tensorrt: "An NVIDIA card, with engines compiled for it.",
        dml: "A graphics card on Windows (DirectML).",
        coreml: "Apple hardware (Core ML).",
        webgpu: "Any graphics card, through WebGPU.",
      },
      { description: "Where the networks run.", default: commonDefaults.device },
    ),
  ),
  precision: Type.Optional(
    choice(
      {
        auto: "What suits the device and the model.",
        fp32: "32-bit floating point.",
        fp16: "16-bit floating point.",
        bf16: "16-bit floating point with the range of 32 bits.",
        int8: "8-bit integers for the large layers: fast, slightly different.",
        int4: "4-bit integers for the large layers: least memory.",
      },
      { description: "The numbers the networks compute with.", default: commonDefaults.precision },
    ),
  ),
  memory: Type.Optional(memory),
  cache: Type.Optional(cache),
  compat: Type.Optional(
    choice(
      {
        diffusers: "As the diffusers library does.",
        comfyui: "As ComfyUI does.",
        a1111: "As the AUTOMATIC1111 web UI does.",
      },
      {
        description: "Whose conventions for noise, schedule and prompt weights to follow.",
        default: commonDefaults.compat,
      },
    ),
  ),
};

/** `prompt`. */
export const promptKey = text("What to make, in words.", { examples: ["a serene mountain landscape at sunset"] });
/** `negative_prompt`. */
export const negativePromptKey = text("What to keep out, in words.", { examples: ["blurry, text"] });
/** `steps`. */
export const stepsKey = whole(1, 1000, "Number of denoising steps. Default: the model's, otherwise 30.", {
  examples: [20, 30],
});
/** `guidance_scale`. */
export const guidanceScaleKey = number(
  0,
  100,
  "How closely to follow the prompt (classifier-free guidance). 1 turns guidance off. Default: the model's, otherwise 7.5.",
  { examples: [7.5] },
);
/** `strength`. */
export const strengthKey = number(
  0,
  1,
  "How much of the input is noised away: 0 keeps it, 1 ignores it. Default 0.8; with `mask` 1.",
  { examples: [0.8] },
);
/** `width` and `height`. */
export const sideKeys = {
  width: Type.Optional(whole(8, 16_384, "Width in pixels, a multiple of 8.", { multipleOf: 8, examples: [512] })),
  height: Type.Optional(whole(8, 16_384, "Height in pixels, a multiple of 8.", { multipleOf: 8, examples: [512] })),
  size: Type.Optional(sizeText("Width and height in one: `512x768`. Default: the model's size, or the input's.")),
};
/** `loras`. */
export const lorasKey = Type.Array(
  group(
    {
      file: file("model", "The adapter: a `.safetensors` file or `hf:org/name`."),
      weight: Type.Optional(number(-10, 10, "Its weight on the denoiser.", { default: 1 })),
      text_weight: Type.Optional(number(-10, 10, "Its weight on the text encoder. Default: `weight`.")),
      start: Type.Optional(number(0, 1, "Share of the steps after which it begins.", { default: 0 })),
      end: Type.Optional(number(0, 1, "Share of the steps after which it ends.", { default: 1 })),
    },
    "One adapter.",
  ),
  { maxItems: 64, description: "Low-rank adapters (LoRA, LoHa, LoKr, DoRA) laid over the model." },
);
/** `preview`. */
export const previewKey = Type.Union([choice({ none: "No previews." }), whole(1, 1000, "Every so many steps.")], {
  description: "Show the picture while it denoises: `none`, or every N steps.",
  default: "none",
});
/** The kinds of picture a ControlNet follows and `preprocess` makes. */
export const controlKinds = {
  canny: "Edges by Canny's method.",
  scribble: "Rough hand-drawn lines.",
  depth: "Distance from the camera.",
  openpose: "Joints of the human body.",
  lineart: "Clean line drawing.",
  normal: "Surface normals.",
  tile: "The picture itself, coarsely: for adding detail.",
} as const;
/** `consent`. */
export const consentKey = flag("True when the person whose voice it is has agreed. Needed to clone a voice.");

/** A model: its name or path, or a single file with its configuration folder. */
export type ModelReference = Static<ReturnType<typeof modelKey>>;
