// task: preprocess. Turns a picture into a control picture, or into another size.
import { Type, type Static } from "typebox";
import { commonKeys, controlKinds, modelKey, pictureOutput } from "./common.ts";
import { choice, file, group, whole } from "./elements.ts";

/** Every key of `task: preprocess`. */
export const preprocessSchema = group(
  {
    task: Type.Literal("preprocess"),
    model: Type.Optional(modelKey({ description: "The network, for the kinds that need one.", examples: ["./depth"] })),
    ...commonKeys,
    output: Type.Optional(pictureOutput),
    image: file("picture", "The picture to work on."),
    kind: choice(
      { ...controlKinds, resize: "Another size.", crop: "A rectangle of the picture." },
      { description: "What to make of the picture." },
    ),
    low: Type.Optional(whole(0, 255, "canny: gradients below are no edge.", { default: 100 })),
    high: Type.Optional(whole(0, 255, "canny: gradients above are an edge.", { default: 200 })),
    width: Type.Optional(whole(1, 16_384, "resize and crop: width in pixels.")),
    height: Type.Optional(whole(1, 16_384, "resize and crop: height in pixels.")),
    left: Type.Optional(whole(0, 16_384, "crop: the left edge in pixels.", { default: 0 })),
    top: Type.Optional(whole(0, 16_384, "crop: the top edge in pixels.", { default: 0 })),
  },
  "Turns a picture into a control picture, or into another size.",
);

/** A node of `task: preprocess`. */
export type PreprocessNode = Static<typeof preprocessSchema>;
