// The tree of a prompt: every part with its range, so that an editor can show it and a seed can resolve it.
import type { Diagnostic } from "../diagnostics.ts";
import type { Range } from "../source.ts";

/** Words, and brackets that stand for themselves. */
export interface TextNode {
  readonly kind: "text";
  readonly range: Range;
}

/** A backslash and what it protects. `written` is what stands in the resolved text: `\{` becomes `{`, `\(` stays. */
export interface EscapeNode {
  readonly kind: "escape";
  readonly range: Range;
  readonly written: string;
}

/** A bracket, a separator or a number of the group around it. */
export interface MarkNode {
  readonly kind: "mark";
  readonly role: "bracket" | "separator" | "number";
  readonly range: Range;
}

/** `BREAK` begins a new chunk of tokens; `AND` a new part of a composed prompt. */
export interface WordNode {
  readonly kind: "break" | "and";
  readonly range: Range;
}

/** `:0.7` at the end of a part of a composed prompt. */
export interface PartWeightNode {
  readonly kind: "part-weight";
  readonly range: Range;
  readonly weight: number;
}

/** `__name__` (a line of a file) or `${name}` (a variable). */
export interface NameNode {
  readonly kind: "wildcard" | "variable";
  readonly range: Range;
  readonly name: string;
}

/** `(a)`, `(a:1.3)`, `[a]`. The factor is unknown while a choice stands in its place. */
export interface WeightNode {
  readonly kind: "weight";
  readonly range: Range;
  readonly bracket: "(" | "[";
  readonly weight: number | undefined;
  readonly explicit: boolean;
  readonly content: readonly PromptNode[];
  readonly children: readonly PromptNode[];
}

/** When a schedule changes over. With a `.` it is a fraction of the steps, otherwise a number of steps. */
export interface When {
  readonly value: number;
  readonly fraction: boolean;
}

/** `[from:to:when]`, `[to:when]`, `[from::when]`. `when` is unknown while a choice stands in its place. */
export interface ScheduleNode {
  readonly kind: "schedule";
  readonly range: Range;
  readonly from: readonly PromptNode[];
  readonly to: readonly PromptNode[];
  readonly when: When | undefined;
  readonly children: readonly PromptNode[];
}

/** `[a|b|c]`: another one at every step. */
export interface AlternationNode {
  readonly kind: "alternation";
  readonly range: Range;
  readonly options: readonly (readonly PromptNode[])[];
  readonly children: readonly PromptNode[];
}

/** How many options a choice draws, and what stands between them. */
export interface Count {
  readonly least: number;
  /** Infinity: as many as there are. */
  readonly most: number;
  readonly separator: string;
}

/** One option of a choice. */
export interface Option {
  readonly weight: number;
  readonly content: readonly PromptNode[];
}

/** `{a|2::b|c}`, `{2$$, $$a|b|c}`: drawn from the seed, one when there is no count. */
export interface ChoiceNode {
  readonly kind: "choice";
  readonly range: Range;
  readonly count: Count | undefined;
  readonly options: readonly Option[];
  readonly children: readonly PromptNode[];
}

/** `<lora:name:0.8>`: not words, but something to do. `content` is what stands behind the first colon. */
export interface TagNode {
  readonly kind: "tag";
  readonly range: Range;
  readonly name: string;
  readonly content: readonly PromptNode[];
  readonly children: readonly PromptNode[];
}

/** A node with nodes in it. `children` are all of them in order, marks too: their leaves cover the range without a gap. */
export type GroupNode = WeightNode | ScheduleNode | AlternationNode | ChoiceNode | TagNode;

/** A node without nodes in it. */
export type LeafNode = TextNode | EscapeNode | MarkNode | WordNode | PartWeightNode | NameNode;

/** Any part of a prompt. */
export type PromptNode = LeafNode | GroupNode;

/** A prompt that has been read. Ranges count UTF-16 units of `text`; the leaves of `nodes` cover it without a gap. */
export interface Prompt {
  readonly text: string;
  readonly nodes: readonly PromptNode[];
  readonly diagnostics: readonly Diagnostic[];
}

/** True for a node with nodes in it. */
export function isGroup(node: PromptNode): node is GroupNode {
  return "children" in node;
}
