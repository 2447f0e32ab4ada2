// What a model's configurations and tokenizer tell about it. No weights are read.
import { join } from "node:path";
import type { ModelReference } from "../../../schemas/document/index.ts";
import { DiffusionError } from "../base/errors.ts";
import { EDM_CLASSES, FLOW_CLASSES } from "../diffusion/names.ts";
import type { ModelFacts, ModelProblem, TextFacts } from "../language/services/facts.ts";
import { familyOf } from "../models/families.ts";
import { type ModelFolder, readComponentConfig, readModelFolder } from "../models/model-folder.ts";
import { loadClipTokenizer } from "../tokenizers/clip.ts";
import { findModel } from "../workflow/model-reference.ts";

/** Reads what is known about a model. @param file the document that names it */
export async function readModelFacts(reference: ModelReference, file: string): Promise<ModelFacts | ModelProblem> {
  try {
    const { path } = await findModel(reference, file);
    const folder = await readModelFolder(path);
    const family = familyOf(folder);
    const [{ variant, nativeSize }, sizeMultiple, samplers, text] = await Promise.all([
      family.describe(folder),
      pixelsPerLatent(folder),
      fittingSamplers(folder),
      textFacts(folder),
    ]);
    const { license, description, defaults } = folder.hints;
    return {
      family: family.name,
      variant,
      ...present({ license, description, nativeSize, sizeMultiple, samplers, text }),
      ...present({ steps: defaults.steps, guidanceScale: defaults.guidance_scale }),
    };
  } catch (error) {
    if (error instanceof DiffusionError) return problemOf(error);
    throw error;
  }
}

/** Only what is there. */
function present<T extends object>(facts: T): { [K in keyof T]?: NonNullable<T[K]> } {
  const entries = Object.entries(facts).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]?: NonNullable<T[K]> };
}

function problemOf({ code, message }: DiffusionError): ModelProblem {
  if (code === "model-not-found" || code === "model-unknown" || code === "not-available") return { code, message };
  return { code: "model-invalid", message };
}

async function pixelsPerLatent(folder: ModelFolder): Promise<number | undefined> {
  if (!folder.components.has("vae")) return undefined;
  const { block_out_channels: channels } = await readComponentConfig(folder, "vae");
  return Array.isArray(channels) ? 2 ** (channels.length - 1) : undefined;
}

/** The samplers that can run the model; nothing when all can. */
async function fittingSamplers(folder: ModelFolder): Promise<string[] | undefined> {
  if (!folder.components.has("scheduler")) return undefined;
  const config = await readComponentConfig(folder, "scheduler", "scheduler_config.json");
  const name = String(config._class_name);
  if (name.startsWith("FlowMatch") || config.use_flow_sigmas === true) return Object.keys(FLOW_CLASSES);
  return name.startsWith("EDM") ? Object.keys(EDM_CLASSES) : undefined;
}

/** Prompts whose tokens are remembered. */
const mostCounted = 5000;

async function textFacts(folder: ModelFolder): Promise<TextFacts | undefined> {
  if (!/^CLIPTokenizer/.test(folder.components.get("tokenizer") ?? "")) return undefined;
  const tokenizer = await loadClipTokenizer(join(folder.path, "tokenizer"));
  const counted = new Map<string, number>();
  const countTokens = (text: string): number => {
    let count = counted.get(text);
    if (count === undefined) {
      if (counted.size >= mostCounted) counted.clear();
      count = tokenizer.encode(text).length;
      counted.set(text, count);
    }
    return count;
  };
  return { room: tokenizer.maxLength - 2, countTokens };
}
