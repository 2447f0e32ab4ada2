// Draws a prompt's choices and wildcards and takes its tags out: a tree and a seed → the words that are made.
import { collector, type Diagnostic, type Report } from "../diagnostics.ts";
import { nearest } from "../nearest.ts";
import type { Range } from "../source.ts";
import { drawNumber, drawSome, type Random } from "./draw.ts";
import { parsePrompt } from "./parse.ts";
import { optionWeight } from "./scan.ts";
import { type LoraTag, readTag } from "./tags.ts";
import { type ChoiceNode, isGroup, type NameNode, type Prompt, type PromptNode, type TagNode } from "./tree.ts";

/** Wildcards and variables that stand for one another in a row. */
export const deepestNames = 16;
/** Characters that wildcards and variables together may put in. */
export const largestText = 1024 * 1024;
/** Options that may be looked at for all draws together. */
const mostOptions = 20_000_000;

/** Where the words come from. */
export interface PromptSources {
  /** Numbers in [0, 1) drawn from the seed; they are asked for in reading order. */
  readonly random: Random;
  /** The lines of a wildcard file (see `wildcardLines`), by the name between the underscores. */
  readonly wildcards: (name: string) => readonly string[] | undefined;
  /** The values of variables. One of a list is drawn, and is the same at every mention. */
  readonly vars: ReadonlyMap<string, string | readonly string[]>;
}

/** One thing that was decided. In a wildcard's line, `range` is where the prompt mentions the wildcard. */
export interface Drawn {
  readonly kind: "choice" | "wildcard" | "variable";
  readonly range: Range;
  readonly written: string;
  readonly chosen: string;
}

/** A prompt of words, weights and schedules only. */
export interface ResolvedPrompt {
  readonly text: string;
  /** In reading order; what a line or an option decides follows it. */
  readonly trace: readonly Drawn[];
  readonly loras: readonly (LoraTag & { readonly range: Range })[];
  /** Embeddings asked for by tag. In the text their name stands as a word. */
  readonly embeddings: readonly { readonly name: string; readonly range: Range }[];
  readonly diagnostics: readonly Diagnostic[];
}

/** Resolves a prompt. The same numbers give the same text. What cannot be resolved stays as it is written. */
export function resolvePrompt(prompt: Prompt, sources: PromptSources): ResolvedPrompt {
  const { diagnostics, report } = collector();
  const run: Run = {
    sources,
    report,
    trace: [],
    loras: [],
    embeddings: [],
    lists: new Map(),
    values: new Map(),
    characters: largestText,
    options: mostOptions,
    isFull: false,
  };
  const text = textOf(prompt.nodes, { run, text: prompt.text, mention: undefined, names: [] });
  const { trace, loras, embeddings } = run;
  return { text, trace: trace.filter((drawn) => drawn !== undefined), loras, embeddings, diagnostics };
}

/** The lines of a wildcard with their weights. */
interface WordList {
  readonly texts: readonly string[];
  readonly weights: readonly number[];
}

/** What can be drawn: how likely each is, and the text it comes to. */
interface Lot {
  readonly weights: readonly number[];
  readonly textAt: (i: number) => string;
}

interface Run {
  readonly sources: PromptSources;
  readonly report: Report;
  readonly trace: (Drawn | undefined)[];
  readonly loras: (LoraTag & { readonly range: Range })[];
  readonly embeddings: { readonly name: string; readonly range: Range }[];
  readonly lists: Map<string, WordList>;
  readonly values: Map<string, string>;
  /** What may still be put in, and looked at. */
  characters: number;
  options: number;
  isFull: boolean;
}

/** Where nodes stand: the text their ranges count in, and inside a line the place of the prompt that mentions it. */
interface Place {
  readonly run: Run;
  readonly text: string;
  readonly mention: Range | undefined;
  /** The wildcards and variables around it. */
  readonly names: readonly string[];
}

function textOf(nodes: readonly PromptNode[], place: Place): string {
  return nodes.map((node) => nodeText(node, place)).join("");
}

function nodeText(node: PromptNode, place: Place): string {
  if (node.kind === "choice") return recorded(node, place, () => choose(node, place));
  if (node.kind === "wildcard") return wildcardText(node, place);
  if (node.kind === "variable") return variableText(node, place);
  if (node.kind === "tag") return tagText(node, place);
  if (node.kind === "escape") return node.written;
  return isGroup(node) ? textOf(node.children, place) : written(node, place);
}

function written({ range }: PromptNode, { text }: Place): string {
  return text.slice(range.start, range.end);
}

function rangeIn(node: PromptNode, { mention }: Place): Range {
  return mention ?? node.range;
}

/** Keeps what was decided, at its place in reading order. What could not be decided stays as it is written. */
function recorded(node: ChoiceNode | NameNode, place: Place, decide: () => string | undefined): string {
  const { trace } = place.run;
  const at = trace.push(undefined) - 1;
  const chosen = decide();
  if (chosen === undefined) return written(node, place);
  trace[at] = { kind: node.kind, range: rangeIn(node, place), written: written(node, place), chosen };
  return chosen;
}

function choose(node: ChoiceNode, place: Place): string | undefined {
  const lot = soleWildcard(node, place) ?? optionsLot(node, place);
  if (lot === "unknown") return undefined;
  const { least, most, separator } = node.count ?? { least: 1, most: 1, separator: "" };
  const there = lot.weights.length;
  const wanted = drawNumber(Math.min(least, there), Math.min(most, there), place.run.sources.random);
  return drawTexts(lot, wanted, node, place)?.join(separator);
}

/** Space around an option does not count. */
function optionsLot({ options }: ChoiceNode, place: Place): Lot {
  return {
    weights: options.map(({ weight }) => weight),
    textAt: (i) => textOf(options[i]!.content, place).trim(),
  };
}

/** `{2$$__name__}` draws two lines, not the same one twice. */
function soleWildcard({ count, options }: ChoiceNode, place: Place): Lot | "unknown" | undefined {
  const content = options[0]!.content.filter((node) => node.kind !== "text" || written(node, place).trim() !== "");
  const [node] = content;
  if (!count || options.length > 1 || content.length !== 1 || node!.kind !== "wildcard") return undefined;
  return linesLot(node, place) ?? "unknown";
}

function wildcardText(node: NameNode, place: Place): string {
  return recorded(node, place, () => {
    const lot = linesLot(node, place);
    return lot && drawTexts(lot, 1, node, place)?.join("");
  });
}

function drawTexts(lot: Lot, count: number, node: PromptNode, place: Place): string[] | undefined {
  if (!spend(place, node, 0, count * lot.weights.length)) return undefined;
  return drawSome(lot.weights, count, place.run.sources.random).map(lot.textAt);
}

/** A variable has one value: it is drawn at its first mention. */
function variableText(node: NameNode, place: Place): string {
  const { values } = place.run;
  return recorded(node, place, () => {
    const known = values.get(node.name);
    if (known !== undefined) return spend(place, node, known.length, 0) ? known : undefined;
    const lot = valuesLot(node, place);
    const text = lot && drawTexts(lot, 1, node, place)?.join("");
    if (text !== undefined) values.set(node.name, text);
    return text;
  });
}

function valuesLot(node: NameNode, place: Place): Lot | undefined {
  const { vars } = place.run.sources;
  const value = vars.get(node.name);
  const texts = typeof value === "string" ? [value] : (value ?? []);
  if (texts.length > 0) return enclosedLot(node, { texts, weights: texts.map(() => 1) }, place);
  const meant = nearest(node.name, [...vars.keys()]);
  const way = meant === undefined ? "; write it under `vars`" : `; did you mean \`${meant}\`?`;
  const message = `there is no variable \`${node.name}\`${way}`;
  place.run.report({ code: "unknown-variable", message, range: rangeIn(node, place) });
  return undefined;
}

function linesLot(node: NameNode, place: Place): Lot | undefined {
  const list = wordList(node.name, place.run);
  if (list.texts.length > 0) return enclosedLot(node, list, place);
  const message = `there is no wildcard \`${node.name}\`, or no line in it: write a phrase a line in \`wildcards/${node.name}.txt\`, or \`\\__\` for the characters themselves`;
  place.run.report({ code: "unknown-wildcard", message, range: rangeIn(node, place) });
  return undefined;
}

/** A line may begin with a weight, as an option may. */
function wordList(name: string, { lists, sources }: Run): WordList {
  const known = lists.get(name);
  if (known) return known;
  const lines = sources.wildcards(name) ?? [];
  const weighted = lines.map((line) => ({ line, own: optionWeight(line) }));
  const list = {
    texts: weighted.map(({ line, own }) => line.slice(own?.length ?? 0).trim()),
    weights: weighted.map(({ own }) => own?.weight ?? 1),
  };
  lists.set(name, list);
  return list;
}

/** Lines and values hold choices, wildcards and tags of their own; none may lead back to itself. */
function enclosedLot(node: NameNode, { texts, weights }: WordList, place: Place): Lot | undefined {
  const { run, names } = place;
  const own = written(node, place);
  const isCycle = names.includes(own);
  if (!isCycle && names.length < deepestNames) {
    const inside = { run, mention: rangeIn(node, place), names: [...names, own] };
    return { weights, textAt: (i) => lineText(node, texts[i]!, inside, place) };
  }
  const chain = [...names, own].slice(-4).join(" → ");
  const message = isCycle
    ? `${own} leads back to itself: ${chain}`
    : `more than ${deepestNames} wildcards and variables stand for one another: … ${chain}`;
  run.report({ code: "wildcard-cycle", message, range: rangeIn(node, place) });
  return undefined;
}

function lineText(node: NameNode, text: string, inside: Omit<Place, "text">, place: Place): string {
  if (!spend(place, node, text.length, 0)) return "";
  return textOf(parsePrompt(text).nodes, { ...inside, text });
}

/** Takes from what all wildcards and variables together may put in and look at; false, and reported, when it is used up. */
function spend(place: Place, node: PromptNode, characters: number, options: number): boolean {
  const { run } = place;
  run.characters -= characters;
  run.options -= options;
  if (run.characters >= 0 && run.options >= 0) return true;
  const message = "the wildcards, variables and choices of this prompt come to more than a million characters";
  if (!run.isFull) run.report({ code: "too-large", message, range: rangeIn(node, place) });
  run.isFull = true;
  return false;
}

/** A tag leaves nothing in the text; an embedding leaves its name, which is a word of its own. */
function tagText(node: TagNode, place: Place): string {
  const { run } = place;
  const range = rangeIn(node, place);
  const tag = readTag(node.name, textOf(node.content, place));
  switch (tag.kind) {
    case "lora":
      run.loras.push({ ...tag.lora, range });
      return "";
    case "embedding":
      run.embeddings.push({ name: tag.name, range });
      return tag.name;
    case "unknown":
    case "wrong":
      run.report({
        code: "wrong-tag",
        severity: tag.kind === "wrong" ? "error" : "warning",
        message: tag.message,
        range,
      });
      return "";
  }
}
