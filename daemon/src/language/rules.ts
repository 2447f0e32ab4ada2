// What keys of a node have to do with each other: the checks a schema cannot say.
import { keysOf, requiredKeysOf, type Task } from "../../../schemas/document/index.ts";
import { findPair, type ValueAst } from "./ast.ts";
import { type Report, reportIn } from "./diagnostics.ts";
import type { Entries, Entry } from "./entries.ts";
import { keyShape, shapeOf } from "./shape.ts";
import type { Range } from "./source.ts";
import { invalid, reportMissing, reportMultiple } from "./validate.ts";

/** A node as the rules see it. */
export interface RuledNode {
  readonly name: string;
  readonly task: Task;
  readonly entries: Entries;
  /** Where a missing key is shown. */
  readonly head: Range;
}

type Rule = (node: RuledNode, report: Report) => void;

/** Checks a node against every rule. */
export function checkRules(node: RuledNode, report: Report): void {
  for (const rule of rules) rule(node, report);
}

/** Checks that nothing is missing. What is `misspelt` has been reported as such. */
export function checkRequired(node: RuledNode, misspelt: ReadonlySet<string>, report: Report): void {
  for (const key of neededKeys(node)) {
    if (!node.entries.has(key) && !misspelt.has(key))
      reportMissing(key, shapeOf(keysOf(node.task)[key]!), node.head, report);
  }
  for (const entry of node.entries.values()) checkGroup(entry, report);
}

function checkGroup(entry: Entry, report: Report): void {
  if (entry.shape.type !== "object" || entry.value === invalid) return;
  for (const key of entry.shape.required ?? []) {
    if (Object.hasOwn(entry.value as object, key)) continue;
    reportMissing(`${entry.key}.${key}`, entry.shape.properties?.[key] ?? {}, entry.keyRange, at(entry, report));
  }
}

function neededKeys({ task, entries }: RuledNode): readonly string[] {
  const needed = [...requiredKeysOf(task)];
  const method = valueOf(entries, "method");
  if (task === "train" && trainedFromModel.has(method as string)) needed.push("model");
  if (task === "train" && (method === "dreambooth" || method === "dreambooth-lora")) needed.push("instance_prompt");
  if (task === "train" && Number(valueOf(entries, "prior_preservation") ?? 0) > 0) needed.push("class_prompt");
  if (task === "preprocess" && valueOf(entries, "kind") === "crop") needed.push("width", "height");
  if (task === "sample" && valueOf(entries, "likelihood") === true) needed.push("image");
  return needed;
}

const trainedFromModel: ReadonlySet<string> = new Set([
  "lora",
  "dreambooth",
  "dreambooth-lora",
  "textual-inversion",
  "full",
  "controlnet",
]);

const rules: readonly Rule[] = [
  sizeInOneWay,
  sizeIsPossible,
  needs("strength", ["image", "video"], "there is nothing to start from without it"),
  needs("mask", ["image"], "the mask says which part of it is made anew"),
  needs("mask_blur", ["mask"], "it softens the mask's edge"),
  needs("inpaint", ["mask"], "it says how the mask is honoured"),
  cannyThresholds,
  resizeHasSide,
  oneStart,
  cloningHasConsent,
  spans,
  outputNameFields,
];

function valueOf(entries: Entries, key: string): unknown {
  const value = entries.get(key)?.value;
  return value === invalid ? undefined : value;
}

/** Reports at an entry, in the text it is written in. */
function at(entry: Entry, report: Report): Report {
  return entry.place ? reportIn(entry.place, report) : report;
}

function conflict(entry: Entry, message: string, report: Report): void {
  at(entry, report)({ code: "conflicting-keys", message, range: entry.keyRange });
}

/** A key that means something only together with one of others. What comes from `defaults` may lie unused. */
function needs(key: string, others: readonly string[], why: string): Rule {
  return ({ task, entries }, report) => {
    const entry = entries.get(key);
    if (!entry || entry.origin === "defaults" || others.some((other) => entries.has(other))) return;
    const known = others.filter((other) => keyShape(keysOf(task), other)).map((other) => `\`${other}\``);
    conflict(entry, `\`${key}\` needs ${known.join(" or ")}: ${why}`, report);
  };
}

function sizeInOneWay({ entries }: RuledNode, report: Report): void {
  const size = entries.get("size");
  if (!size) return;
  for (const key of ["width", "height"]) {
    const side = entries.get(key);
    if (side?.origin === size.origin) conflict(side, `\`${key}\` and \`size\` both say the size; keep one`, report);
  }
}

function sizeIsPossible({ task, entries }: RuledNode, report: Report): void {
  const entry = entries.get("size");
  const size = valueOf(entries, "size");
  const side = keyShape(keysOf(task), "width");
  if (!entry || typeof size !== "string" || !side) return;
  const { minimum = 1, maximum = Infinity, multipleOf = 1 } = side;
  const sides = size.split("x").map(Number);
  for (const [i, value] of sides.entries()) {
    const fix = (near: number) => {
      const newText = sides.with(i, near).join("x");
      return { title: `Change to \`${newText}\``, edits: [{ range: entry.ast.range, newText }] };
    };
    if (value < minimum || value > maximum) {
      const message = `each side of \`size\` must be from ${minimum} to ${maximum}, not ${value}`;
      at(entry, report)({ code: "out-of-range", message, range: entry.ast.range });
    } else if (value % multipleOf !== 0) {
      reportMultiple(i === 0 ? "width" : "height", value, multipleOf, minimum, fix, entry.ast.range, at(entry, report));
    }
  }
}

function cannyThresholds({ task, entries }: RuledNode, report: Report): void {
  if (task !== "preprocess") return;
  const low = entries.get("low");
  if (low && Number(valueOf(entries, "low")) > Number(valueOf(entries, "high") ?? 200)) {
    conflict(low, "`low` is above `high`", report);
  }
  const kind = valueOf(entries, "kind");
  for (const key of ["low", "high"]) {
    const entry = entries.get(key);
    if (entry?.origin === "node" && kind !== undefined && kind !== "canny") {
      conflict(entry, `\`${key}\` is for \`kind: canny\` only`, report);
    }
  }
}

function resizeHasSide({ task, entries }: RuledNode, report: Report): void {
  const kind = entries.get("kind");
  if (task !== "preprocess" || kind?.value !== "resize" || entries.has("width") || entries.has("height")) return;
  at(kind, report)({ code: "missing-key", message: "`kind: resize` needs `width` or `height`", range: kind.keyRange });
}

function oneStart({ task, entries }: RuledNode, report: Report): void {
  const video = entries.get("video");
  if (task === "video" && video && entries.has("image")) {
    conflict(video, "`image` and `video` both say where to start; keep one", report);
  }
}

function cloningHasConsent({ entries }: RuledNode, report: Report): void {
  const voice = entries.get("voice");
  if (voice?.ast.kind !== "map" || valueOf(entries, "consent") === true) return;
  const message = "cloning a voice needs `consent: true`: the person whose voice it is has agreed";
  at(voice, report)({ code: "missing-key", message, range: voice.keyRange });
}

/** `start` before `end` in each adapter and control. */
function spans({ entries }: RuledNode, report: Report): void {
  for (const key of ["loras", "control"]) {
    const entry = entries.get(key);
    if (entry?.ast.kind !== "list" || entry.value === invalid) continue;
    for (const item of entry.ast.items) checkSpan(item, at(entry, report));
  }
}

function checkSpan(item: ValueAst, report: Report): void {
  const end = item.kind === "map" ? findPair(item, "end") : undefined;
  const start = item.kind === "map" ? findPair(item, "start") : undefined;
  if (!start || start.value.kind !== "scalar" || Number(start.value.value) < scalarNumber(end?.value, 1)) return;
  report({ code: "conflicting-keys", message: "`start` is not before `end`", range: start.key.range });
}

function scalarNumber(ast: ValueAst | undefined, otherwise: number): number {
  return ast?.kind === "scalar" ? Number(ast.value) : otherwise;
}

const outputFields: ReadonlySet<string> = new Set(["file", "node", "index", "seed", "model", "date"]);

function outputNameFields({ entries }: RuledNode, report: Report): void {
  const entry = entries.get("output");
  const name = (valueOf(entries, "output") as { name?: string } | undefined)?.name;
  if (!entry || name === undefined) return;
  const unknown = name.match(/\{[^{}]*\}/g)?.find((field) => !outputFields.has(field.slice(1, -1)));
  if (unknown === undefined) return;
  const written = entry.ast.kind === "map" ? findPair(entry.ast, "name")?.value.range : undefined;
  const fields = [...outputFields].map((field) => `{${field}}`).join(" ");
  const message = `\`${unknown}\` is no field of a name; there are ${fields}`;
  at(entry, report)({ code: "unknown-variable", message, range: written ?? entry.ast.range });
}
