// What this version can run. Everything of the format is checked; running the rest is refused by name.
import type { Task } from "./document.ts";

/**
 * The keys each task can run with, as paths. A path covers what is inside it unless deeper paths are listed.
 * A task that is absent cannot run at all.
 */
export const availability: { readonly [T in Task]?: readonly string[] } = {
  image: [
    "task",
    "model",
    "seed",
    "count",
    "output",
    "device",
    "precision",
    "memory.attention",
    "memory.vae",
    "compat",
    "prompt",
    "negative_prompt",
    "width",
    "height",
    "size",
    "steps",
    "sampler",
    "scheduler",
    "guidance_scale",
    "guidance_rescale",
    "clip_skip",
    "eta",
    "image",
    "strength",
    "mask",
    "mask_blur",
    "inpaint",
  ],
};

/** True when the key at the path, or something below it, can be run. */
export function isAvailable(task: Task, path: string): boolean {
  return (availability[task] ?? []).some((known) => path === known || path.startsWith(`${known}.`));
}

/** True when only parts of the object at the path can be run. */
export function isPartlyAvailable(task: Task, path: string): boolean {
  return (availability[task] ?? []).some((known) => known.startsWith(`${path}.`));
}

/** Groups that change nothing as long as each of their keys has its default. */
export const neutralGroups: ReadonlySet<string> = new Set(["memory", "cache"]);
