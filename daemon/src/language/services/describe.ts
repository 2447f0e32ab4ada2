// What hover and completion say, in Markdown: keys, their values, models.
import {
  defaultTask,
  describeKey as describeByPath,
  isAvailable,
  isPartlyAvailable,
  type Task,
} from "../../../../schemas/document/index.ts";
import { alternatives, type Shape } from "../shape.ts";
import type { ModelFacts } from "./facts.ts";
import { words } from "./markdown.ts";

/** A key by its path from the node, or from the top of the file; nothing for one that there is not. */
export function describeKey(path: readonly string[], task: Task = defaultTask): string | undefined {
  return describeByPath(task, pathText(path))?.markdown;
}

/** What a key does, in one sentence. */
export function summary({ description }: Shape): string {
  return description?.split(/\.(?: |$)/, 1)[0] ?? "";
}

/** `loras.weight`: positions in lists left out. */
function pathText(path: readonly string[]): string {
  return path.filter((part) => !/^\d+$/.test(part)).join(".");
}

/** What the schema gives as examples. */
export function examplesOf(shape: Shape): readonly unknown[] {
  const { examples } = shape as { examples?: unknown };
  return Array.isArray(examples) ? examples : [];
}

/** Whether this version can run a node of the task with the key. */
export function canRun(task: Task, path: readonly string[]): boolean {
  const name = pathText(path);
  return isAvailable(task, name) || isPartlyAvailable(task, name);
}

/** One of a key's fixed words. */
export function describeWord(shape: Shape, word: string): string | undefined {
  const branch = alternatives(shape).find((each) => each.const === word);
  return branch && `**${word}**\n\n${branch.description ?? ""}`;
}

/** A model: its family, size, licence, what its makers advise. */
export function describeModel({
  family,
  variant = "",
  description = "",
  license,
  nativeSize,
  ...advised
}: ModelFacts): string {
  const facts = [
    nativeSize === undefined ? "" : `- native size ${nativeSize}×${nativeSize}`,
    advised.steps === undefined ? "" : `- ${advised.steps} steps`,
    advised.guidanceScale === undefined ? "" : `- guidance ${advised.guidanceScale}`,
    `- licence: ${words(license ?? "unknown")}`,
  ];
  const paragraphs = [
    `**${words(`${family} ${variant}`.trim())}**`,
    words(description),
    facts.filter((fact) => fact).join("\n"),
  ];
  return paragraphs.filter((paragraph) => paragraph !== "").join("\n\n");
}
