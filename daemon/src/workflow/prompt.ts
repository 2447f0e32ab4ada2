// The words of one picture: choices and wildcards of a prompt, drawn from the picture's seed.
import { readFileSync, realpathSync } from "node:fs";
import { dirname, join, sep } from "node:path";
import { DiffusionError } from "../base/errors.ts";
import { parsePrompt } from "../language/prompt/parse.ts";
import { resolvePrompt } from "../language/prompt/resolve.ts";
import { wildcardLines } from "../language/prompt/wildcard-lines.ts";
import { TorchGenerator } from "../random/torch-cpu.ts";

export interface PromptPlace {
  /** the document: wildcards lie in `wildcards/` beside it */
  readonly file: string;
  readonly seed: bigint;
  readonly onWarning: (message: string) => void;
}

/**
 * The prompt with its choices made: the same for the same seed.
 * @throws DiffusionError `document` when it cannot be read, `not-available` for a LoRA or an embedding asked for by tag
 */
export function drawPrompt(prompt: string, { file, seed, onWarning }: PromptPlace): string {
  const generator = new TorchGenerator(seed);
  const { text, loras, embeddings, diagnostics } = resolvePrompt(parsePrompt(prompt), {
    random: () => generator.rand([1]).data[0]!,
    wildcards: (name) => wildcardsOf(join(dirname(file), "wildcards"), name),
    vars: new Map(),
  });
  for (const { severity, message } of diagnostics) {
    if (severity === "error") throw new DiffusionError("document", `the prompt cannot be read: ${message}`);
    onWarning(message);
  }
  const tag = loras[0] ? `<lora:${loras[0].name}>` : embeddings[0] ? `<embedding:${embeddings[0].name}>` : undefined;
  if (tag !== undefined)
    throw new DiffusionError("not-available", `${tag} in a prompt is not available in this version: take it out`);
  return text;
}

/** The lines of a wildcard file that lies in the folder, links followed; nothing for any other. */
function wildcardsOf(folder: string, name: string): readonly string[] | undefined {
  try {
    const path = realpathSync(join(folder, `${name}.txt`));
    return path.startsWith(realpathSync(folder) + sep) ? wildcardLines(readFileSync(path, "utf8")) : undefined;
  } catch {
    return undefined;
  }
}
