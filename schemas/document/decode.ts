// task: decode. From latents back to a picture.
import { Type, type Static } from "typebox";
import { commonKeys, defaultModel, modelKey, pictureOutput } from "./common.ts";
import { file, group } from "./elements.ts";

/** Every key of `task: decode`. */
export const decodeSchema = group(
  {
    task: Type.Literal("decode"),
    model: Type.Optional(modelKey({ default: defaultModel })),
    ...commonKeys,
    output: Type.Optional(pictureOutput),
    latents: file("tensors", "The latents: a `.safetensors` file, or the node that makes them."),
  },
  "Turns latents into a picture.",
);

/** A node of `task: decode`. */
export type DecodeNode = Static<typeof decodeSchema>;
