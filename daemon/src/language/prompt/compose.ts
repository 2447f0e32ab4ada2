// The parts of a composed prompt, `a AND b :0.7` (AUTOMATIC1111 modules/prompt_parser.py, get_multicond_prompt_list).
import { readNumber } from "./scan.ts";

/** One part: its text, and how much its direction counts (Liu et al. 2022, composable diffusion). */
export interface PromptPart {
  readonly text: string;
  readonly weight: number;
}

/**
 * Splits a resolved prompt at every `AND`, also inside brackets, as A1111 does. A number behind a colon at the end of a part
 * is its weight, also of the only part; otherwise the weight is 1. Space at the end is dropped.
 */
export function promptParts(text: string): PromptPart[] {
  return text.split(/(?<![\p{L}\p{N}_])AND(?![\p{L}\p{N}_])/u).map(partOf);
}

function partOf(written: string): PromptPart {
  const text = written.trimEnd();
  const colon = text.lastIndexOf(":");
  const weight = colon < 0 || text.length - colon > 60 ? undefined : readNumber(text.slice(colon + 1).trimStart());
  return weight === undefined ? { text, weight: 1 } : { text: text.slice(0, colon).trimEnd(), weight };
}
