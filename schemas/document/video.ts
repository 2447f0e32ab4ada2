// task: video. Text, picture or video to video.
import { Type, type Static } from "typebox";
import {
  commonKeys,
  guidanceScaleKey,
  lorasKey,
  modelKey,
  negativePromptKey,
  previewKey,
  promptKey,
  sideKeys,
  stepsKey,
  strengthKey,
  videoOutput,
} from "./common.ts";
import { choice, file, flag, group, number, whole } from "./elements.ts";
import { samplers, schedulers } from "./image.ts";

const motion = group(
  {
    adapter: Type.Optional(
      modelKey({
        description: "A motion adapter (AnimateDiff) laid over a picture model.",
        examples: ["hf:guoyww/animatediff-motion-adapter-v1-5-2"],
      }),
    ),
    bucket: Type.Optional(whole(0, 255, "How much moves (Stable Video Diffusion).", { default: 127 })),
  },
  "What moves, and how much.",
);

const temporal = group(
  {
    cross_frame: Type.Optional(flag("Every frame attends to the first, so that things keep their looks.")),
    flow: Type.Optional(number(0, 10, "Guidance by the optical flow of the input video.", { default: 0 })),
  },
  "Holds the frames together.",
);

/** Every key of `task: video`. */
export const videoSchema = group(
  {
    task: Type.Literal("video"),
    model: modelKey({ examples: ["hf:THUDM/CogVideoX-2b"] }),
    ...commonKeys,
    output: Type.Optional(videoOutput),
    prompt: promptKey,
    negative_prompt: Type.Optional(negativePromptKey),
    frames: Type.Optional(whole(1, 10_000, "Number of frames.", { default: 49 })),
    fps: Type.Optional(number(1, 240, "Frames a second. Default: the model's, otherwise 8.")),
    ...sideKeys,
    steps: Type.Optional(stepsKey),
    sampler: Type.Optional(choice(samplers, { description: "The solver. Default: the model's own." })),
    scheduler: Type.Optional(
      choice(schedulers, { description: "How the noise levels are spaced.", default: "default" }),
    ),
    guidance_scale: Type.Optional(guidanceScaleKey),
    image: Type.Optional(file("picture", "The first frame.")),
    video: Type.Optional(file("video", "The video to start from.")),
    strength: Type.Optional(strengthKey),
    motion: Type.Optional(motion),
    temporal: Type.Optional(temporal),
    loras: Type.Optional(lorasKey),
    preview: Type.Optional(previewKey),
  },
  "Makes a video.",
);

/** A node of `task: video`. */
export type VideoNode = Static<typeof videoSchema>;
