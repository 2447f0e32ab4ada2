// task: upscale. Makes a picture larger.
import { Type, type Static } from "typebox";
import { commonKeys, modelKey, pictureOutput } from "./common.ts";
import { file, group, number } from "./elements.ts";

/** Every key of `task: upscale`. */
export const upscaleSchema = group(
  {
    task: Type.Literal("upscale"),
    model: Type.Optional(
      modelKey({
        description: "The upscaling network. Without one: Lanczos resampling.",
        examples: ["./esrgan.safetensors"],
      }),
    ),
    ...commonKeys,
    output: Type.Optional(pictureOutput),
    image: file("picture", "The picture to enlarge."),
    scale: Type.Optional(number(1, 16, "How many times larger.", { default: 4 })),
  },
  "Makes a picture larger.",
);

/** A node of `task: upscale`. */
export type UpscaleNode = Static<typeof upscaleSchema>;
