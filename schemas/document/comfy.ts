// task: comfy. A ComfyUI graph kept verbatim and run on a ComfyUI server.
import { Type, type Static } from "typebox";
import { commonKeys, modelKey, pictureOutput } from "./common.ts";
import { file, group, text } from "./elements.ts";

const graph = Type.Union(
  [
    Type.String({ minLength: 1, format: "graph" }),
    Type.Record(Type.String(), Type.Unknown(), { description: "The graph itself, in ComfyUI's API format." }),
  ],
  { description: "The graph in ComfyUI's API format: a JSON file, or the graph itself." },
);

/** Every key of `task: comfy`. */
export const comfySchema = group(
  {
    task: Type.Literal("comfy"),
    model: Type.Optional(modelKey()),
    ...commonKeys,
    output: Type.Optional(pictureOutput),
    graph,
    server: Type.Optional(
      text("Where ComfyUI listens.", {
        pattern: "^https?://[^ ]+$",
        patternErrorMessage: "an address such as http://127.0.0.1:8188",
        default: "http://127.0.0.1:8188",
      }),
    ),
    image: Type.Optional(file("picture", "A picture handed to the graph's first image input.")),
  },
  "Runs a ComfyUI graph on a ComfyUI server.",
);

/** A node of `task: comfy`. */
export type ComfyNode = Static<typeof comfySchema>;
