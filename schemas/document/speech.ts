// task: speech. Reads a text aloud, in a preset voice or in a voice given by an example.
import { Type, type Static } from "typebox";
import { commonKeys, consentKey, modelKey, soundOutput } from "./common.ts";
import { file, group, number, text } from "./elements.ts";

const voice = Type.Union(
  [
    Type.String({ minLength: 1 }),
    group(
      {
        audio: file("sound", "About three seconds of the voice."),
        text: Type.Optional(text("What is said in it.")),
      },
      "A voice to clone.",
    ),
  ],
  { description: "A preset by name, or `{audio, text}` to clone a voice, which needs `consent: true`." },
);

/** Every key of `task: speech`. */
export const speechSchema = group(
  {
    task: Type.Literal("speech"),
    model: modelKey({ examples: ["hf:suno/bark-small"] }),
    ...commonKeys,
    output: Type.Optional(soundOutput),
    text: text("What to say.", { minLength: 1, examples: ["Good morning."] }),
    voice: Type.Optional(voice),
    consent: Type.Optional(consentKey),
    language: Type.Optional(
      text("The language, as a tag such as `en` or `pt-BR`.", {
        pattern: "^[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*$",
        patternErrorMessage: "a language tag such as en or pt-BR",
        examples: ["en"],
      }),
    ),
    temperature: Type.Optional(number(0, 10, "Below 1 steadier, above 1 livelier.", { default: 1 })),
  },
  "Reads a text aloud.",
);

/** A node of `task: speech`. */
export type SpeechNode = Static<typeof speechSchema>;
