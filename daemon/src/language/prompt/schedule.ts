// Which text is made at which step: `[from:to:0.5]`, `[a|b]` (AUTOMATIC1111 modules/prompt_parser.py, get_learned_conditioning_prompt_schedules).
import { parsePrompt } from "./parse.ts";
import { isGroup, type PromptNode, type When } from "./tree.ts";

/** A text, up to and including a step. Steps count from 1. */
export interface ScheduledText {
  readonly until: number;
  readonly text: string;
}

/**
 * The texts of a resolved prompt, in order; the last holds to `steps`. `before` is the number of steps of an earlier pass:
 * a change in steps counts from its first, a fraction of 1 and more is in this one (A1111's high-resolution fix).
 */
export function promptSchedule(text: string, steps: number, before = 0): ScheduledText[] {
  const { nodes } = parsePrompt(text, "brackets");
  const stepOf = (when: When) => changeOver(when, steps, before);
  const ends = new Set([steps]);
  collect(nodes, steps, stepOf, ends);
  const sorted = [...ends].sort((a, b) => a - b);
  return sorted.map((until) => ({ until, text: textAt(nodes, { text, step: until, stepOf }) }));
}

function changeOver({ value, fraction }: When, steps: number, before: number): number {
  const step = fraction ? (value - Number(before > 0)) * steps : value - before;
  return Math.min(steps, Math.trunc(step));
}

function collect(nodes: readonly PromptNode[], steps: number, stepOf: (when: When) => number, ends: Set<number>): void {
  for (const node of nodes) {
    if (!isGroup(node)) continue;
    const change = node.kind === "schedule" ? stepOf(node.when!) : 0;
    if (change >= 1) ends.add(change);
    if (node.kind === "alternation") for (let step = 1; step <= steps; step++) ends.add(step);
    collect(node.children, steps, stepOf, ends);
  }
}

interface Moment {
  readonly text: string;
  readonly step: number;
  readonly stepOf: (when: When) => number;
}

function textAt(nodes: readonly PromptNode[], moment: Moment): string {
  return nodes.map((node) => nodeAt(node, moment)).join("");
}

function nodeAt(node: PromptNode, moment: Moment): string {
  const { text, step, stepOf } = moment;
  if (node.kind === "schedule") return textAt(step <= stepOf(node.when!) ? node.from : node.to, moment);
  if (node.kind === "alternation") return textAt(node.options[(step - 1) % node.options.length]!, moment);
  return isGroup(node) ? textAt(node.children, moment) : text.slice(node.range.start, node.range.end);
}
