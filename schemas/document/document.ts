// The whole file: the keys at its top, the tasks, and how a task finds its schema.
import { Type, type TObject, type TSchema } from "typebox";
import { audioSchema, type AudioNode } from "./audio.ts";
import { comfySchema, type ComfyNode } from "./comfy.ts";
import { decodeSchema, type DecodeNode } from "./decode.ts";
import { editSchema, type EditNode } from "./edit.ts";
import { choice, text } from "./elements.ts";
import { encodeSchema, type EncodeNode } from "./encode.ts";
import { imageSchema, type ImageNode } from "./image.ts";
import { musicSchema, type MusicNode } from "./music.ts";
import { preprocessSchema, type PreprocessNode } from "./preprocess.ts";
import { sampleSchema, type SampleNode } from "./sample.ts";
import { speechSchema, type SpeechNode } from "./speech.ts";
import { trainSchema, type TrainNode } from "./train.ts";
import { upscaleSchema, type UpscaleNode } from "./upscale.ts";
import { videoSchema, type VideoNode } from "./video.ts";

/** The version of the format this code reads. */
export const formatVersion = 1;

/** The typed keys of a node, by task. */
export interface NodeByTask {
  image: ImageNode;
  edit: EditNode;
  preprocess: PreprocessNode;
  upscale: UpscaleNode;
  encode: EncodeNode;
  decode: DecodeNode;
  video: VideoNode;
  music: MusicNode;
  speech: SpeechNode;
  audio: AudioNode;
  train: TrainNode;
  sample: SampleNode;
  comfy: ComfyNode;
}

/** What a node does. */
export type Task = keyof NodeByTask;

/** The task of a node that names none. */
export const defaultTask: Task = "image";

/** The schema of every task. */
export const taskSchemas: { readonly [T in Task]: TObject } = {
  image: imageSchema,
  edit: editSchema,
  preprocess: preprocessSchema,
  upscale: upscaleSchema,
  encode: encodeSchema,
  decode: decodeSchema,
  video: videoSchema,
  music: musicSchema,
  speech: speechSchema,
  audio: audioSchema,
  train: trainSchema,
  sample: sampleSchema,
  comfy: comfySchema,
};

/** Every task, in the order of the documentation. */
export const tasks = Object.keys(taskSchemas) as Task[];

/** True for a word that names a task. */
export function isTask(word: unknown): word is Task {
  return typeof word === "string" && Object.hasOwn(taskSchemas, word);
}

function describe(task: Task): string {
  return (taskSchemas[task] as { description?: string }).description ?? task;
}

/** `task`, as a choice of every task. */
export const taskKey = choice(Object.fromEntries(tasks.map((task) => [task, describe(task)])), {
  description: "What the node does.",
  default: defaultTask,
});

/** The keys of a task's nodes. The literal `task` is widened to the choice of all, whose messages are better. */
export function keysOf(task: Task): Readonly<Record<string, TSchema>> {
  return nodeKeys[task];
}

/** The keys a node of the task cannot do without. */
export function requiredKeysOf(task: Task): readonly string[] {
  return taskSchemas[task].required.filter((key) => key !== "task");
}

const nodeKeys = Object.fromEntries(
  tasks.map((task) => [task, { ...taskSchemas[task].properties, task: taskKey }]),
) as unknown as Record<Task, Record<string, TSchema>>;

/** What names of nodes and variables look like. */
export const namePattern = "^[A-Za-z_][A-Za-z0-9_-]{0,63}$";

const variable = Type.Union([Type.String(), Type.Number(), Type.Boolean()]);

/** The keys at the top of every file, beside those of its one node. */
export const headKeys: Readonly<Record<string, TSchema>> = {
  diffusion: Type.Unsafe<1>({
    type: "integer",
    const: formatVersion,
    description: "The version of the format. Every file begins with `diffusion: 1`.",
  }),
  title: text("A title for people.", { maxLength: 1000, examples: ["Postcards"] }),
  usage: choice(
    {
      personal: "For yourself.",
      research: "For research.",
      commercial: "For money: a model whose licence forbids it becomes a diagnostic.",
    },
    { description: "What the results are for." },
  ),
  vars: Type.Record(Type.String(), Type.Union([variable, Type.Array(variable, { minItems: 1, maxItems: 10_000 })]), {
    description: "Variables: `${name}` in any text stands for the value.",
    examples: [{ place: "a mountain lake" }],
  }),
  defaults: Type.Record(Type.String(), Type.Unknown(), {
    description: "Keys merged under every node that knows them.",
    examples: [{ model: "vignette", seed: 4 }],
  }),
  workflow: Type.Record(Type.String(), Type.Unknown(), {
    description: "Named nodes. `$name` in one refers to the result of another and makes the order.",
  }),
};
