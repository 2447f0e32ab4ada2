// Resolved text → pieces with their weights, as each program reads them.
import type { Diagnostic } from "../diagnostics.ts";
import { a1111Chunks } from "./attention-a1111.ts";
import { comfyuiPieces } from "./attention-comfyui.ts";
import { parsePrompt } from "./parse.ts";
import { isGroup, type Prompt, type PromptNode } from "./tree.ts";

/** Whose conventions a prompt follows. */
export type PromptCompat = "a1111" | "comfyui" | "diffusers";

/** Words of one weight, without the brackets. */
export interface WeightedPiece {
  readonly text: string;
  readonly weight: number;
}

/** Pieces by chunk: A1111's `BREAK` ends one, so that the next word begins a new window of tokens. */
export interface Attention {
  readonly chunks: readonly (readonly WeightedPiece[])[];
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Splits a resolved prompt by weight.
 * - `a1111`: `(a)` ×1.1, `[a]` ÷1.1, `(a:1.3)` ×1.3, multiplied when nested; escapes; `BREAK`.
 * - `comfyui`: `(a)` ×1.1, `(a:1.3)` is 1.3 whatever is around it; `\(` and `\)`; all else is text.
 * - `diffusers`: all is text, of weight 1.
 *
 * What is text there and syntax elsewhere is a warning.
 */
export function attention(text: string, compat: PromptCompat): Attention {
  if (compat === "a1111") return { chunks: a1111Chunks(text), diagnostics: [] };
  const pieces = compat === "comfyui" ? comfyuiPieces(text) : [{ text, weight: 1 }];
  return { chunks: [pieces], diagnostics: syntaxNotRead(parsePrompt(text, "brackets"), compat) };
}

/** One warning, at the first part of a prompt that `compat` takes as it is written. Works on unresolved prompts, too. */
export function syntaxNotRead(prompt: Prompt, compat: PromptCompat): Diagnostic[] {
  const node = compat === "a1111" ? undefined : firstUnread(prompt.nodes, compat);
  if (!node) return [];
  const written = prompt.text.slice(node.range.start, node.range.end);
  const shown = written.length > 40 ? `${written.slice(0, 40)}…` : written;
  const way = compat === "diffusers" && isRound(node) ? "`compat: a1111` or `comfyui`" : "`compat: a1111`";
  const message = `\`${shown}\` is taken as it is written; ${way} reads it`;
  return [{ code: "syntax-not-read", severity: "warning", message, range: node.range }];
}

function isRound(node: PromptNode): boolean {
  return node.kind === "weight" && node.bracket === "(";
}

function firstUnread(nodes: readonly PromptNode[], compat: PromptCompat): PromptNode | undefined {
  for (const node of nodes) {
    if (isUnread(node, compat)) return node;
    const inside = isGroup(node) ? firstUnread(node.children, compat) : undefined;
    if (inside) return inside;
  }
  return undefined;
}

function isUnread(node: PromptNode, compat: PromptCompat): boolean {
  if (isRound(node)) return compat === "diffusers";
  return ["weight", "schedule", "alternation", "break", "and"].includes(node.kind);
}
