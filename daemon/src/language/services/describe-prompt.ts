// What the parts of a prompt mean, in Markdown.
import { readTag } from "../prompt/tags.ts";
import type { AlternationNode, ChoiceNode, PromptNode, ScheduleNode, TagNode, WeightNode } from "../prompt/tree.ts";
import type { Facts } from "./facts.ts";
import { code, words } from "./markdown.ts";

/** A part of a prompt; nothing for plain words and marks. */
export function describePart(node: PromptNode, text: string, facts: Facts): string | undefined {
  const said = (nodes: readonly PromptNode[]) => quoted(nodes, text);
  switch (node.kind) {
    case "weight":
      return weight(node, said);
    case "schedule":
      return schedule(node, said);
    case "alternation":
      return alternation(node, said);
    case "choice":
      return choice(node, said);
    case "tag":
      return tag(node, text);
    case "wildcard":
      return wildcard(node.name, facts);
    case "break":
      return "**BREAK**\n\nThe next word begins a new window of tokens.";
    case "and":
      return "**AND**\n\nThe parts before and behind it are prompts of their own; what they make of the picture is added up.";
    case "part-weight":
      return `**Weight ${node.weight}**\n\nHow much this part of the composed prompt counts.`;
    case "text":
    case "escape":
    case "mark":
    case "variable":
      return undefined;
  }
}

type Said = (nodes: readonly PromptNode[]) => string;

function quoted(nodes: readonly PromptNode[], text: string): string {
  const written = nodes.map(({ range }) => text.slice(range.start, range.end)).join("");
  const short = written.replace(/\s+/g, " ").trim().slice(0, 60);
  return short === "" ? "nothing" : code(short);
}

function weight({ weight: factor, bracket, content }: WeightNode, said: Said): string {
  const how = factor === undefined ? "by what is drawn" : `×${Number(factor.toFixed(3))}`;
  return `**Weight ${how}**\n\n${said(content)} counts ${bracket === "(" ? "more or less" : "less"} than the words around it.`;
}

function schedule({ from, to, when }: ScheduleNode, said: Said): string {
  const at =
    when === undefined
      ? ""
      : when.fraction
        ? ` after ${Math.round(when.value * 100)} % of the steps`
        : ` after step ${when.value}`;
  return `**Schedule**\n\nFirst ${said(from)}, then ${said(to)}${at}.`;
}

function alternation({ options }: AlternationNode, said: Said): string {
  return `**Alternation**\n\nAnother one in every step: ${options.map(said).join(", ")}.`;
}

function choice({ count, options }: ChoiceNode, said: Said): string {
  const most = count && Number.isFinite(count.most) ? String(count.most) : "all";
  const drawn = !count ? "One" : count.least === count.most ? String(count.least) : `${count.least} to ${most}`;
  const total = options.reduce((sum, option) => sum + option.weight, 0);
  const share = (part: number) => (total > 0 ? `${Math.round((part / total) * 100)} %` : "never");
  const list = options.slice(0, 20).map(({ weight: part, content }) => `- ${said(content)}: ${share(part)}`);
  return `**Choice**\n\n${drawn} of these, drawn from the seed:\n\n${list.join("\n")}`;
}

function tag({ name, content }: TagNode, text: string): string {
  const written = content.map(({ range }) => text.slice(range.start, range.end)).join("");
  const read = readTag(name, written);
  switch (read.kind) {
    case "lora":
      return `**LoRA** ${code(read.lora.name)}\n\nWeight ${read.lora.weight}, on the text encoder ${read.lora.textWeight}.`;
    case "embedding":
      return `**Embedding** ${code(read.name)}`;
    case "unknown":
    case "wrong":
      return words(read.message);
  }
}

function wildcard(name: string, facts: Facts): string {
  const path = wildcardPath(name);
  const folder = path.slice(0, path.lastIndexOf("/") + 1);
  const isThere = facts.files?.(`./${folder}`).some((entry) => `${folder}${entry.name}` === path);
  const missing = isThere === false && !name.includes("*") ? "\n\nThere is no such file." : "";
  return `**Wildcard**\n\nA line of \`${path}\`, drawn from the seed.${missing}`;
}

/** The file that a wildcard draws from; its path starts at the document. */
export function wildcardPath(name: string): string {
  return `wildcards/${name}.txt`;
}
