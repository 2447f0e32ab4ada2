// task: music. Music from a description, and perhaps a melody.
import { Type, type Static } from "typebox";
import { commonKeys, modelKey, promptKey, soundOutput } from "./common.ts";
import { file, group, number, whole } from "./elements.ts";

/** Every key of `task: music`. */
export const musicSchema = group(
  {
    task: Type.Literal("music"),
    model: modelKey({ examples: ["hf:facebook/musicgen-small"] }),
    ...commonKeys,
    output: Type.Optional(soundOutput),
    prompt: promptKey,
    duration: Type.Optional(number(0.1, 3600, "Length in seconds.", { default: 10 })),
    melody: Type.Optional(file("sound", "A melody to follow.")),
    guidance_scale: Type.Optional(number(0, 100, "How closely to follow the prompt.", { default: 3 })),
    top_k: Type.Optional(whole(0, 100_000, "Draw from so many of the likeliest tokens; 0 is all.", { default: 250 })),
    top_p: Type.Optional(
      number(0, 1, "Draw from the likeliest tokens of this total probability; 0 is off.", { default: 0 }),
    ),
    temperature: Type.Optional(number(0, 10, "Below 1 safer, above 1 wilder.", { default: 1 })),
  },
  "Makes music.",
);

/** A node of `task: music`. */
export type MusicNode = Static<typeof musicSchema>;
