// Prompts as they are written in a document: their parts at their places in the file, and how many tokens they come to.
import type { ScalarAst } from "../ast.ts";
import type { ParsedNode, ParseResult } from "../parse.ts";
import { attention, type PromptCompat } from "../prompt/attention.ts";
import { parsePrompt } from "../prompt/parse.ts";
import { isGroup, type LeafNode, type Prompt, type PromptNode } from "../prompt/tree.ts";
import type { Range } from "../source.ts";
import { valueOf } from "./effective.ts";
import type { TextFacts } from "./facts.ts";
import { type Item, itemAt, itemsOf, type ScalarItem } from "./items.ts";
import { textRange } from "./words.ts";

/** A prompt in a file. Its ranges count from `start`. */
export interface WrittenPrompt {
  readonly item: ScalarItem;
  readonly prompt: Prompt;
  readonly start: number;
}

/** Whether a key is text for the text encoder. */
export function isPrompt(path: readonly string[]): boolean {
  return path.length === 1 && /^(negative_)?prompt(_2)?$/.test(path[0]!);
}

/** A prompt, read where it stands: line breaks and their indentation are blanks to it. */
export function promptOf(item: Item, { text }: ParseResult): WrittenPrompt | undefined {
  const isText = item.kind === "scalar" && typeof item.scalar.value === "string";
  if (!isText || !isPrompt(item.path) || (item.owner.kind !== "node" && item.owner.kind !== "defaults"))
    return undefined;
  const { start, end } = textRange(text, item.scalar);
  return { item, start, prompt: readPrompt(item.scalar, text.slice(start, end)) };
}

const read = new WeakMap<ScalarAst, Prompt>();

function readPrompt(scalar: ScalarAst, written: string): Prompt {
  let prompt = read.get(scalar);
  if (prompt?.text !== written) {
    prompt = parsePrompt(written);
    read.set(scalar, prompt);
  }
  return prompt;
}

/** What means something in a prompt, `${name}` aside. */
const syntax = /[()[\]<>|\\]|__|\bAND\b|\bBREAK\b|(?<!\$)\{|\$\$/;

/** The prompts of a document that have more than words and variables in them. */
export function promptsWithSyntax(document: ParseResult): WrittenPrompt[] {
  return itemsOf(document).flatMap((item) => {
    const hasSyntax = item.kind === "scalar" && syntax.test(item.scalar.source);
    return hasSyntax ? (promptOf(item, document) ?? []) : [];
  });
}

/** The prompt at an offset. */
export function promptAt(document: ParseResult, offset: number): WrittenPrompt | undefined {
  const item = itemAt(document, offset);
  return item && promptOf(item, document);
}

/** The parts of a prompt that an offset of the file is in, the outermost first. */
export function partsAt({ prompt, start }: WrittenPrompt, offset: number): PromptNode[] {
  const at = offset - start;
  const around: PromptNode[] = [];
  let nodes: readonly PromptNode[] = prompt.nodes;
  for (;;) {
    const inside = nodes.find(({ range }) => range.start <= at && at < range.end);
    if (!inside) return around;
    around.push(inside);
    if (!isGroup(inside)) return around;
    nodes = inside.children;
  }
}

/** The smallest parts of a prompt, at their places in the file. */
export function leavesOf({ prompt, start }: WrittenPrompt): { node: LeafNode; range: Range }[] {
  const leaves = (node: PromptNode): LeafNode[] => (isGroup(node) ? node.children.flatMap(leaves) : [node]);
  return prompt.nodes.flatMap(leaves).map((node) => ({ node, range: moved(node.range, start) }));
}

/** A range of a prompt as one of the file. */
export function moved({ start, end }: Range, by: number): Range {
  return { start: start + by, end: end + by };
}

/** Whose conventions a node follows. */
export function compatOf(node: ParsedNode): PromptCompat {
  const compat = valueOf(node, "compat");
  return compat === "a1111" || compat === "comfyui" ? compat : "diffusers";
}

/** Tokens of a prompt as its node reads it. What is still to be drawn or changes while it runs counts as it is written. */
export function tokensOf(text: string, node: ParsedNode, { countTokens }: TextFacts): number {
  const compat = compatOf(node);
  if (compat === "diffusers") return countTokens(text);
  const pieces = attention(text, compat).chunks.flat();
  return pieces.reduce((sum, piece) => sum + countTokens(piece.text), 0);
}
