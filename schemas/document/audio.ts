// task: audio. Continues a recording, stage by stage as AudioLM does.
import { Type, type Static } from "typebox";
import { commonKeys, modelKey, soundOutput } from "./common.ts";
import { file, group, number } from "./elements.ts";

const temperature = (stage: string) =>
  Type.Optional(number(0, 10, `Temperature of the ${stage} stage.`, { default: 1 }));

/** Every key of `task: audio`. */
export const audioSchema = group(
  {
    task: Type.Literal("audio"),
    model: modelKey({ examples: ["./audiolm"] }),
    ...commonKeys,
    output: Type.Optional(soundOutput),
    audio: file("sound", "The recording to continue."),
    duration: Type.Optional(number(0.1, 3600, "Seconds to add.", { default: 10 })),
    semantic_temperature: temperature("semantic"),
    coarse_temperature: temperature("coarse acoustic"),
    fine_temperature: temperature("fine acoustic"),
  },
  "Continues a recording.",
);

/** A node of `task: audio`. */
export type AudioNode = Static<typeof audioSchema>;
