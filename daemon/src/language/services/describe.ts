// What hover and completion say, in Markdown: keys, their values, models.
import { isAvailable, isPartlyAvailable, type Task } from "../../../../schemas/document/index.ts";
import { alternatives, branchOf, expectation, isExact, type Shape, takesAnything } from "../shape.ts";
import type { ModelFacts, TextFacts } from "./facts.ts";

/** A key: what it does, what it takes, its default, and whether this version can run it. */
export function describeKey(path: readonly string[], shape: Shape, task?: Task): string {
  const name = path.filter((part) => !/^\d+$/.test(part)).join(".");
  const paragraphs = [`**${name}**`, shape.description ?? "", takes(shape), laterNote(path, task)];
  return paragraphs.filter((paragraph) => paragraph !== "").join("\n\n");
}

function takes(shape: Shape): string {
  if (takesAnything(shape)) return "";
  const kinds = alternatives(shape).some(({ type, const: word }) => word === undefined && type !== undefined);
  const words = kinds
    ? []
    : alternatives(shape).map((branch) => `- \`${String(branch.const)}\`: ${branch.description ?? ""}`);
  const sentence = words.length > 0 ? words.join("\n") : `Takes ${expectation(shape)}${bounds(shape)}.`;
  return sentence + defaultNote(shape) + exampleNote(shape);
}

function bounds(shape: Shape): string {
  const number = branchOf(shape, "integer", "number");
  if (number?.minimum === undefined || isExact(number)) return "";
  const multiple = number.multipleOf === undefined ? "" : `, a multiple of ${number.multipleOf}`;
  return number.maximum === undefined ? "" : ` from ${number.minimum} to ${number.maximum}${multiple}`;
}

function defaultNote({ default: value }: Shape): string {
  return value === undefined ? "" : `\n\nDefault: \`${plain(value)}\`.`;
}

function exampleNote(shape: Shape): string {
  const examples = examplesOf(shape).filter((example) => typeof example !== "object");
  return examples.length === 0
    ? ""
    : `\n\nFor example ${examples.map((example) => `\`${plain(example)}\``).join(", ")}.`;
}

/** What the schema gives as examples. */
export function examplesOf(shape: Shape): readonly unknown[] {
  const { examples } = shape as { examples?: unknown };
  return Array.isArray(examples) ? examples : [];
}

function plain(value: unknown): string {
  return Array.isArray(value) ? `[${value.map(String).join(", ")}]` : String(value);
}

function laterNote(path: readonly string[], task: Task | undefined): string {
  return task === undefined || canRun(task, path) ? "" : "_This version checks it, and cannot run it yet._";
}

/** Whether this version can run a node of the task with the key. */
export function canRun(task: Task, path: readonly string[]): boolean {
  const name = path.filter((part) => !/^\d+$/.test(part)).join(".");
  return isAvailable(task, name) || isPartlyAvailable(task, name) || path[0] === "matrix";
}

/** One of a key's fixed words. */
export function describeWord(shape: Shape, word: string): string | undefined {
  const branch = alternatives(shape).find((each) => each.const === word);
  return branch && `**${word}**\n\n${branch.description ?? ""}`;
}

/** A model: its family, size, licence, what its makers advise. */
export function describeModel(facts: ModelFacts): string {
  const { family, variant, description, license, nativeSize, steps, guidanceScale } = facts;
  const lines = [
    `**${[family, variant].filter((part) => part !== undefined).join(" ")}**`,
    description ?? "",
    [
      nativeSize === undefined ? "" : `- native size ${nativeSize}×${nativeSize}`,
      steps === undefined ? "" : `- ${steps} steps`,
      guidanceScale === undefined ? "" : `- guidance ${guidanceScale}`,
      `- licence: ${license ?? "unknown"}`,
    ]
      .filter((line) => line !== "")
      .join("\n"),
  ];
  return lines.filter((line) => line !== "").join("\n\n");
}

/** How much of a text encoder's row a text takes: `34/75`. */
export function tokenCount(text: string, { countTokens, room }: TextFacts): string {
  return `${countTokens(text)}/${room}`;
}
