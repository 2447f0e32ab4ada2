// A resolved prompt as a pipeline needs it: composed parts, each with its texts by step, each text in weighted pieces.
import type { Diagnostic } from "../diagnostics.ts";
import { attention, type Attention, type PromptCompat, type WeightedPiece } from "./attention.ts";
import { promptParts } from "./compose.ts";
import { promptSchedule } from "./schedule.ts";

/** What is encoded up to and including a step; steps count from 1. Equal texts share one `chunks` object. */
export interface PlannedText {
  readonly until: number;
  readonly chunks: readonly (readonly WeightedPiece[])[];
}

/** A part of a composed prompt: `denoised = negative + guidanceScale · Σ weight · (part − negative)`. */
export interface PlannedPart {
  readonly weight: number;
  readonly schedule: readonly PlannedText[];
}

/** What a prompt asks for. There is at least one part. */
export interface PromptPlan {
  readonly parts: readonly PlannedPart[];
  readonly diagnostics: readonly Diagnostic[];
}

/** How a resolved prompt is read. `before`: steps of an earlier pass, see `promptSchedule`. */
export interface PlanOptions {
  readonly compat: PromptCompat;
  readonly steps: number;
  readonly before?: number;
}

/** Reads a resolved prompt. Composition and schedules are A1111's; the others have one part and one text. */
export function promptPlan(text: string, { compat, steps, before = 0 }: PlanOptions): PromptPlan {
  if (compat !== "a1111") {
    const { chunks, diagnostics } = attention(text, compat);
    return { parts: [{ weight: 1, schedule: [{ until: steps, chunks }] }], diagnostics };
  }
  const known = new Map<string, Attention["chunks"]>();
  const parts = promptParts(text).map((part) => ({
    weight: part.weight,
    schedule: promptSchedule(part.text, steps, before).map(({ until, text }) => ({ until, chunks: read(text, known) })),
  }));
  return { parts, diagnostics: parts.length === 1 && parts[0]!.weight !== 1 ? [loneWeight(text)] : [] };
}

/** A1111 weighs a prompt without `AND`, too; behind `16:9` nobody expects it. */
function loneWeight(text: string): Diagnostic {
  const range = { start: text.lastIndexOf(":"), end: text.trimEnd().length };
  const written = text.slice(range.start, range.end);
  const message = `\`${written}\` at the end is the weight of the whole prompt; with a comma behind it, it is text`;
  return { code: "lone-weight", severity: "information", message, range };
}

function read(text: string, known: Map<string, Attention["chunks"]>): Attention["chunks"] {
  const chunks = known.get(text) ?? attention(text, "a1111").chunks;
  known.set(text, chunks);
  return chunks;
}
