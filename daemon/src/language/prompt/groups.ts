// What a closed bracket is: a weight, a schedule, an alternation, a choice, a tag.
import { optionWeight, readNumber } from "./scan.ts";
import type { ChoiceNode, Count, MarkNode, Option, PromptNode, TagNode, TextNode, When } from "./tree.ts";

/** The nodes of a bracket from the opening to the closing one. Indices count from the items around it: less `item`. */
export interface Parts {
  readonly text: string;
  readonly items: readonly PromptNode[];
  readonly item: number;
  readonly pipes: readonly number[];
}

/** The nodes of a round or square bracket. */
export interface BracketParts extends Parts {
  readonly colons: readonly number[];
  readonly sound: boolean;
}

/** A group, and whether a schedule around it may contain it. A1111's grammar has no bracket with colons left over. */
interface Closed {
  readonly node: PromptNode;
  readonly sound: boolean;
}

/** Weight of `(a)`, as A1111 and ComfyUI have it. */
export const emphasis = 1.1;

/** `(a)`; `(a:1.3)` with the number that the last three marks are for. */
export function closeRound({ text, items, item, colons, sound }: BracketParts, explicit?: number): Closed {
  const isSound = sound && colons.length + Number(explicit !== undefined) <= 1;
  const marks = [items[0]!, ...items.slice(explicit === undefined ? -1 : -3)];
  const last = colons.at(-1);
  const open = explicit === undefined && last !== undefined && isDrawn(items.slice(last - item + 1, -1), text);
  const owned = open ? [...marks, items[last - item]!] : marks;
  const children = tidied(items, owned);
  const end = open ? children.indexOf(items[last - item]!) : children.length - marks.length + 1;
  const weight = open ? undefined : (explicit ?? emphasis);
  const content = children.slice(1, end);
  const range = rangeOf(items);
  const isExplicit = open || explicit !== undefined;
  return {
    node: { kind: "weight", range, bracket: "(", weight, explicit: isExplicit, content, children },
    sound: isSound,
  };
}

/** `[from:to:when]` and its short forms, `[a|b]`, otherwise `[a]`, which weakens. */
export function closeSquare(parts: BracketParts): Closed {
  const node = scheduleOf(parts) ?? alternationOf(parts);
  if (node) return { node, sound: true };
  const children = tidied(parts.items, ends(parts.items));
  const content = children.slice(1, -1);
  const range = rangeOf(parts.items);
  return {
    node: { kind: "weight", range, bracket: "[", weight: 1 / emphasis, explicit: false, content, children },
    sound: parts.sound && parts.colons.length === 0 && parts.pipes.length === 0,
  };
}

function scheduleOf({ text, items, item, colons, sound }: BracketParts): PromptNode | undefined {
  if (!sound || colons.length < 1 || colons.length > 2) return undefined;
  const separators = colons.map((colon) => items[colon - item]!);
  const last = items.slice(colons.at(-1)! - item + 1, -1);
  const when = whenOf(last, text);
  if (!when && !isDrawn(last, text)) return undefined;
  const number = when && numberMark(last);
  const body = number ? [...items.slice(0, -1 - last.length), number, items.at(-1)!] : items;
  const children = tidied(body, [...ends(items), ...separators, ...(number ? [number] : [])]);
  const segments = split(children.slice(1, -1), new Set(separators));
  const [from, to] = colons.length === 2 ? [segments[0]!, segments[1]!] : [[], segments[0]!];
  return { kind: "schedule", range: rangeOf(items), from, to, when, children };
}

function whenOf(nodes: readonly PromptNode[], text: string): When | undefined {
  const { start, end } = rangeOf(nodes);
  if (nodes.some(({ kind }) => kind !== "text") || end - start > 60) return undefined;
  const [, written, exponent] = /^([^eE]*)(?:[eE]([+-]?\d{1,3}))?$/.exec(text.slice(start, end).trim()) ?? [];
  const value = written === undefined ? undefined : readNumber(written);
  if (value === undefined) return undefined;
  return { value: value * 10 ** Number(exponent ?? 0), fraction: written!.includes(".") };
}

function numberMark(nodes: readonly PromptNode[]): MarkNode {
  return { kind: "mark", role: "number", range: rangeOf(nodes) };
}

/** True when the seed decides which number stands here: choices, wildcards and variables between digits at most. */
function isDrawn(nodes: readonly PromptNode[], text: string): boolean {
  const drawn = nodes.filter(({ kind }) => kind === "choice" || kind === "wildcard" || kind === "variable");
  const words = nodes.filter((node) => node.kind === "text");
  return (
    drawn.length > 0 && drawn.length + words.length === nodes.length && words.every((node) => isDigits(text, node))
  );
}

function isDigits(text: string, { range }: TextNode): boolean {
  return range.end - range.start < 60 && /^[\d\s.+-]*$/.test(text.slice(range.start, range.end));
}

function alternationOf({ items, item, pipes, colons, sound }: BracketParts): PromptNode | undefined {
  if (!sound || pipes.length === 0 || colons.length > 0) return undefined;
  const separators = pipes.map((pipe) => items[pipe - item]!);
  const children = tidied(items, [...ends(items), ...separators]);
  const options = split(children.slice(1, -1), new Set(separators));
  return { kind: "alternation", range: rangeOf(items), options, children };
}

/** `{a|b}`. A number with `::` before an option is its weight. */
export function closeBrace({ text, items, item, pipes }: Parts, count: Count | undefined): ChoiceNode {
  const header = count ? [items[1]!] : [];
  const separators = pipes.map((pipe) => items[pipe - item]!);
  const tidy = tidied(items, [...ends(items), ...header, ...separators]);
  const segments = split(tidy.slice(1 + header.length, -1), new Set(separators));
  const parsed = segments.map((nodes) => optionOf(nodes, text));
  const children = parsed.flatMap(({ number, content }, i) => [...(i > 0 ? [separators[i - 1]!] : []), ...number, ...content]); // prettier-ignore
  return {
    kind: "choice",
    range: rangeOf(items),
    count,
    options: parsed.map(({ weight, content }): Option => ({ weight, content })),
    children: [items[0]!, ...header, ...children, items.at(-1)!],
  };
}

function optionOf(nodes: readonly PromptNode[], text: string): Option & { readonly number: readonly MarkNode[] } {
  const [first, ...rest] = nodes;
  const written = first?.kind === "text" ? optionWeight(text.slice(first.range.start, first.range.end)) : undefined;
  if (!first || !written) return { weight: 1, content: nodes, number: [] };
  const { start, end } = first.range;
  const middle = start + written.length;
  const words: TextNode[] = middle < end ? [{ kind: "text", range: { start: middle, end } }] : [];
  const number = numberMark([{ kind: "text", range: { start, end: middle } }]);
  return { weight: written.weight, content: [...words, ...rest], number: [number] };
}

/** `<name:…>`. */
export function closeTag(items: readonly PromptNode[], text: string): TagNode {
  const children = tidied(items, ends(items));
  const { start, end } = items[0]!.range;
  const name = text.slice(start + 1, end - 1);
  return { kind: "tag", range: rangeOf(items), name, content: children.slice(1, -1), children };
}

function ends(items: readonly PromptNode[]): PromptNode[] {
  return [items[0]!, items.at(-1)!];
}

function rangeOf(nodes: readonly PromptNode[]): { start: number; end: number } {
  return { start: nodes[0]?.range.start ?? 0, end: nodes.at(-1)?.range.end ?? 0 };
}

function split(nodes: readonly PromptNode[], separators: ReadonlySet<PromptNode>): PromptNode[][] {
  const segments: PromptNode[][] = [[]];
  for (const node of nodes) {
    if (separators.has(node)) segments.push([]);
    else segments.at(-1)!.push(node);
  }
  return segments;
}

/** The nodes with every mark that is nobody's made text, and text that touches joined. */
export function tidied(items: readonly PromptNode[], owned: readonly PromptNode[]): PromptNode[] {
  const kept = new Set(owned);
  const nodes: PromptNode[] = [];
  let start = -1;
  const flush = (end: number) => {
    if (start >= 0) nodes.push({ kind: "text", range: { start, end } });
    start = -1;
  };
  for (const node of items) {
    if (node.kind === "text" || (node.kind === "mark" && !kept.has(node))) {
      if (start < 0) start = node.range.start;
    } else {
      flush(node.range.start);
      nodes.push(node);
    }
  }
  flush(items.at(-1)?.range.end ?? 0);
  return nodes;
}
