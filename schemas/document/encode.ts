// task: encode. From a picture to the latents a model works on.
import { Type, type Static } from "typebox";
import { commonKeys, defaultModel, modelKey, tensorOutput } from "./common.ts";
import { file, group } from "./elements.ts";

/** Every key of `task: encode`. */
export const encodeSchema = group(
  {
    task: Type.Literal("encode"),
    model: Type.Optional(modelKey({ default: defaultModel })),
    ...commonKeys,
    output: Type.Optional(tensorOutput),
    image: file("picture", "The picture to encode."),
  },
  "Turns a picture into latents, shows them and saves them.",
);

/** A node of `task: encode`. */
export type EncodeNode = Static<typeof encodeSchema>;
