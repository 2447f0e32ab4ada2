// A made-up world for the services: models of every kind, files, finished runs.
import type { Facts, ModelFacts, ModelProblem } from "../../../../daemon/src/language/services/facts.ts";

/** One token a word. */
const text = { room: 8, countTokens: (written: string) => written.split(/\s+/).filter((word) => word !== "").length };

const models: Readonly<Record<string, ModelFacts | ModelProblem>> = {
  vignette: {
    family: "Stable Diffusion",
    variant: "1",
    description: "Landscapes.",
    license: "MIT",
    nativeSize: 128,
    sizeMultiple: 4,
    steps: 20,
    guidanceScale: 5,
    text,
  },
  "./flow": {
    family: "Flow",
    license: "cc-by-nc-4.0",
    nativeSize: 1024,
    sizeMultiple: 16,
    samplers: ["euler", "heun"],
  },
  "./lost": { code: "model-not-found", message: "there is no model ./lost" },
};

const folders: Readonly<Record<string, readonly string[]>> = {
  "./": ["models/", "a.png", "notes.txt", ".hidden/", "b.safetensors"],
  "./models/": ["x/"],
  "./wildcards/": ["colour.txt", "places/"],
  "./wildcards/places/": ["town.txt"],
};

export const facts: Facts = {
  model: (reference) => (typeof reference === "string" ? models[reference] : undefined),
  models: [{ reference: "vignette", detail: "comes along" }, { reference: "./flow" }],
  files: (folder) =>
    (folders[folder] ?? []).map((name) => ({ name: name.replace("/", ""), isFolder: name.endsWith("/") })),
  job: (node) => {
    if (node === "busy") return { state: "running" };
    return node === "old" ? { state: "done", seed: 42n, thumbnail: "/pictures/old.png" } : undefined;
  },
};

/** A text with its cursor, written `$0`, taken out. */
export function atCursor(written: string): { text: string; offset: number } {
  const offset = written.indexOf("$0");
  if (offset < 0) throw new Error(`no $0 in ${written}`);
  return { text: written.replace("$0", ""), offset };
}
