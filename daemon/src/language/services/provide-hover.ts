// Hover: keys, words, models, nodes, variables, and what a prompt comes to.
import { defaultTask, tasks } from "../../../../schemas/document/index.ts";
import type { ParsedNode, ParseResult } from "../parse.ts";
import { textBranch } from "../shape.ts";
import type { Range } from "../source.ts";
import { describeKey, describeModel, describeWord } from "./describe.ts";
import { describePart } from "./describe-prompt.ts";
import { modelReferenceOf, referenceText, resultsOf, sizeOf, valueOf } from "./effective.ts";
import { type Facts, knownModel } from "./facts.ts";
import { type Item, itemAt, type ScalarItem } from "./items.ts";
import { occurrenceAt, occurrencesOf } from "./occurrences.ts";
import { code, fenced, words } from "./markdown.ts";
import { isPrompt, moved, partsAt, promptAt, tokensOf } from "./prompts.ts";
import { variablesOf } from "./words.ts";

/** A text in Markdown and the range it is about. */
export interface Hover {
  readonly markdown: string;
  readonly range: Range;
  /** Absolute path of a picture to show. */
  readonly picture?: string;
}

/** What there is to say about an offset. */
export function provideHover(document: ParseResult, offset: number, facts: Facts): Hover | undefined {
  return (
    nameHover(document, offset, facts) ??
    partHover(document, offset, facts) ??
    itemHover(itemAt(document, offset), facts)
  );
}

function nameHover(document: ParseResult, offset: number, facts: Facts): Hover | undefined {
  const named = occurrenceAt(document, offset);
  if (!named) return undefined;
  const { name, range, kind } = named;
  if (kind === "node") {
    const node = document.nodes.find((each) => each.name === name);
    return node && { range, ...describeNode(node, facts) };
  }
  const value = variablesOf(document).get(name);
  if (!value) return undefined;
  const uses = occurrencesOf(document).filter(
    (o) => o.kind === "variable" && o.name === name && o.role === "use",
  ).length;
  const written = document.text.slice(value.range.start, value.range.end).slice(0, 400);
  return {
    range,
    markdown: `**${code(`\${${name}}`)}**\n\n${fenced(written)}\n\nUsed ${uses === 1 ? "once" : `${uses} times`}.`,
  };
}

const shownPrompt = 600;

/** A node in short: its task, model, size, resolved prompt, and how its last run ended. */
export function describeNode(node: ParsedNode, facts: Facts): { markdown: string; picture?: string } {
  const reference = modelReferenceOf(node);
  const model = knownModel(facts, reference);
  const size = sizeOf(node, model)?.final;
  const results = resultsOf(node);
  const prompt = valueOf(node, "prompt");
  const job = facts.job?.(node.name);
  const lines = [
    `- task: ${node.task ?? "unknown"}`,
    reference === undefined
      ? ""
      : `- model: ${code(referenceText(reference))}${model ? ` (${words(model.family)})` : ""}`,
    size ? `- size: ${size.width}×${size.height}` : "",
    results > 1 ? `- results: ${results}` : "",
    job ? `- last run: ${job.state}${job.seed === undefined ? "" : `, seed ${job.seed}`}` : "",
  ].filter((line) => line !== "");
  const text = typeof prompt === "string" ? `\n\n${fenced(prompt.slice(0, shownPrompt))}` : "";
  const picture = job?.thumbnail;
  return {
    markdown: `**${code(node.name)}**\n\n${lines.join("\n")}${text}`,
    ...(picture === undefined ? {} : { picture }),
  };
}

function itemHover(item: Item | undefined, facts: Facts): Hover | undefined {
  if (!item) return undefined;
  if (item.kind === "scalar") return valueHover(item, facts);
  if (!item.shape) return undefined;
  return keyHover(item);
}

function valueHover(item: ScalarItem, facts: Facts): Hover | undefined {
  const { scalar, shape, range, owner, path } = item;
  if (!shape) return undefined;
  const word = describeWord(shape, scalar.source);
  if (word !== undefined) return { markdown: word, range };
  if (textBranch(shape)?.format === "model" && typeof scalar.value === "string") {
    const found = facts.model?.(scalar.value);
    if (!found) return undefined;
    return { markdown: "code" in found ? words(found.message) : describeModel(found), range };
  }
  if (owner.kind === "node" && isPrompt(path)) return promptHover(owner.node, path[0]!, range, facts);
  return keyHover(item);
}

function keyHover({ path, owner, range }: Item): Hover | undefined {
  const tasksOf =
    owner.kind === "node" ? [owner.node.task ?? defaultTask] : owner.kind === "defaults" ? tasks : [defaultTask];
  const known =
    owner.kind === "vars"
      ? undefined
      : tasksOf.map((task) => describeKey(path, task)).find((text) => text !== undefined);
  return known === undefined ? undefined : { markdown: known, range };
}

/** A part of a prompt: the innermost that means something. */
function partHover(document: ParseResult, offset: number, facts: Facts): Hover | undefined {
  const written = promptAt(document, offset);
  if (!written) return undefined;
  for (const part of partsAt(written, offset).toReversed()) {
    const markdown = describePart(part, written.prompt.text, facts);
    if (markdown !== undefined) return { markdown, range: moved(part.range, written.start) };
  }
  return undefined;
}

function promptHover(node: ParsedNode, key: string, range: Range, facts: Facts): Hover | undefined {
  const text = valueOf(node, key);
  if (typeof text !== "string") return undefined;
  const counted = knownModel(facts, modelReferenceOf(node))?.text;
  const tokens = counted ? `\n\n${tokensOf(text, node, counted)}/${counted.room} tokens` : "";
  return { markdown: `**${key}**\n\n${fenced(text.slice(0, shownPrompt))}${tokens}`, range };
}
