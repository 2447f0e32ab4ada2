// A model in the diffusers layout: a folder with model_index.json and one folder a component.
import { access } from "node:fs/promises";
import { join } from "node:path";
import { DiffusionError } from "../base/errors.ts";
import { readJson } from "../base/json.ts";

export interface ModelFolder {
  readonly path: string;
  /** the pipeline class it was published for */
  readonly pipelineClass: string;
  /** component name → class name; absent and null components are left out */
  readonly components: ReadonlyMap<string, string>;
  /** plain values of model_index.json */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly hints: ModelHints;
}

/** `diffusion.json` beside model_index.json: what the model's makers advise. Ours, optional. */
export interface ModelHints {
  readonly license?: string;
  readonly description?: string;
  readonly defaults: { readonly steps?: number; readonly guidance_scale?: number };
}

type Json = Readonly<Record<string, unknown>>;

/** @throws DiffusionError `model-not-found`, `model-unknown`, `model-invalid` */
export async function readModelFolder(path: string): Promise<ModelFolder> {
  const index = await readIndex(path);
  const entries = Object.entries(index).filter(([key]) => !key.startsWith("_"));
  const components = entries.flatMap(([name, value]): [string, string][] =>
    Array.isArray(value) && typeof value[1] === "string" ? [[name, value[1]]] : [],
  );
  return {
    path,
    pipelineClass: String(index._class_name),
    components: new Map(components),
    flags: Object.fromEntries(entries.filter(([, value]) => !Array.isArray(value))),
    hints: await readHints(path),
  };
}

async function readIndex(path: string): Promise<Json> {
  if (!(await exists(path))) throw new DiffusionError("model-not-found", `there is no model at ${path}`);
  const file = join(path, "model_index.json");
  if (!(await exists(file)))
    throw new DiffusionError(
      "model-unknown",
      `${path} is not a model folder: it has no model_index.json (the diffusers layout has one beside unet/, vae/, …)`,
    );
  return readObject(file);
}

async function readHints(path: string): Promise<ModelHints> {
  const file = join(path, "diffusion.json");
  if (!(await exists(file))) return { defaults: {} };
  const { license, description, defaults } = await readObject(file);
  const given = (typeof defaults === "object" && defaults !== null ? defaults : {}) as Json;
  return {
    ...(typeof license === "string" ? { license } : {}),
    ...(typeof description === "string" ? { description } : {}),
    defaults: {
      ...(typeof given.steps === "number" ? { steps: given.steps } : {}),
      ...(typeof given.guidance_scale === "number" ? { guidance_scale: given.guidance_scale } : {}),
    },
  };
}

/** A component's config file. @throws DiffusionError `model-invalid` */
export async function readComponentConfig(folder: ModelFolder, component: string, file = "config.json"): Promise<Json> {
  const path = join(folder.path, component, file);
  if (!(await exists(path)))
    throw new DiffusionError("model-invalid", `${folder.path} names a ${component} but has no ${component}/${file}`);
  return readObject(path);
}

async function readObject(path: string): Promise<Json> {
  const value = await readJson(path);
  if (typeof value !== "object" || value === null || Array.isArray(value))
    throw new DiffusionError("model-invalid", `${path} must hold a JSON object`);
  return value as Json;
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
