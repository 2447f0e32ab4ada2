// Optimised graphs with their packed weights on disk. Loading one maps the weights instead of optimising and packing them: a
// start of a tenth of the time, and memory that the system may take back.
import { createHash } from "node:crypto";
import { join } from "node:path";
import type { Graph } from "../onnx/graph.ts";
import type { Target } from "../nn/emission.ts";
import { cpuIdentity, runtimeVersion } from "./machine.ts";
import type { SessionOptions } from "./session-options.ts";
import { graphSettings } from "./session-options.ts";
import { weightFileFacts } from "./weight-file-facts.ts";

const MODEL = "model.onnx";
const WEIGHTS = "weights.bin";

/** What an entry holds for: runtime, CPU, settings, graph, and the weights files by size and time. */
export async function prepackedKey(target: Target, graph: Graph, serialized: Uint8Array): Promise<string> {
  const facts = await weightFileFacts(Object.values(graph.outputs));
  return createHash("sha256")
    .update(JSON.stringify([runtimeVersion(), cpuIdentity(), graphSettings(target), facts]))
    .update(serialized)
    .digest("hex");
}

/** The model file of an entry. */
export const prepackedModel = (entry: string): string => join(entry, MODEL);

/** Session options that also write the entry. */
export function writingOptions(options: SessionOptions, draft: string): SessionOptions {
  return {
    ...options,
    optimizedModelFilePath: join(draft, MODEL),
    extra: withSession(options, {
      save_external_prepacked_constant_initializers: "1",
      optimized_model_external_initializers_file_name: WEIGHTS,
    }),
  };
}

/** Session options for the model file of an entry: nothing left to optimise, weights beside it. */
export function readingOptions(options: SessionOptions): SessionOptions {
  return {
    ...options,
    graphOptimizationLevel: "disabled",
    extra: withSession(options, { model_external_initializers_file_folder_path: undefined }),
  };
}

function withSession({ extra }: SessionOptions, changes: Record<string, string | undefined>): Record<string, unknown> {
  const session = { ...(extra?.session as Record<string, unknown>), ...changes };
  return { ...extra, session: Object.fromEntries(Object.entries(session).filter(([, value]) => value !== undefined)) };
}
