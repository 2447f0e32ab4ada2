// task: edit. Changes a picture by an instruction (InstructPix2Pix and its kin).
import { Type, type Static } from "typebox";
import {
  commonKeys,
  lorasKey,
  modelKey,
  negativePromptKey,
  pictureOutput,
  previewKey,
  sideKeys,
  stepsKey,
} from "./common.ts";
import { choice, file, group, number, text } from "./elements.ts";
import { samplers, schedulers } from "./image.ts";

/** Every key of `task: edit`. */
export const editSchema = group(
  {
    task: Type.Literal("edit"),
    model: modelKey({
      description: "An editing model, such as `hf:timbrooks/instruct-pix2pix`.",
      examples: ["hf:timbrooks/instruct-pix2pix"],
    }),
    ...commonKeys,
    output: Type.Optional(pictureOutput),
    prompt: text("The instruction: what to change.", { examples: ["make it winter"] }),
    negative_prompt: Type.Optional(negativePromptKey),
    image: file("picture", "The picture to change."),
    image_guidance_scale: Type.Optional(
      number(0, 100, "How closely to keep to the picture.", { default: 1.5, examples: [1.5] }),
    ),
    guidance_scale: Type.Optional(
      number(0, 100, "How closely to follow the instruction.", { default: 7.5, examples: [7.5] }),
    ),
    ...sideKeys,
    steps: Type.Optional(stepsKey),
    sampler: Type.Optional(choice(samplers, { description: "The solver. Default: the model's own." })),
    scheduler: Type.Optional(
      choice(schedulers, { description: "How the noise levels are spaced.", default: "default" }),
    ),
    loras: Type.Optional(lorasKey),
    preview: Type.Optional(previewKey),
  },
  "Changes a picture as an instruction says.",
);

/** A node of `task: edit`. */
export type EditNode = Static<typeof editSchema>;
