// All that is wrong in a document: what the text says by itself, and what facts about models add.
import { availability, type ModelReference } from "../../../../schemas/document/index.ts";
import { findPair } from "../ast.ts";
import { collector, type Diagnostic, sorted } from "../diagnostics.ts";
import type { Entry } from "../entries.ts";
import type { ParsedNode, ParseResult } from "../parse.ts";
import { syntaxNotRead } from "../prompt/attention.ts";
import { resolve } from "../resolve.ts";
import type { Range } from "../source.ts";
import { reportMultiple } from "../validate.ts";
import { modelReferenceOf, referenceText, rightEntry } from "./effective.ts";
import type { Facts, ModelFacts, TextFacts } from "./facts.ts";
import { itemAt } from "./items.ts";
import { compatOf, moved, promptsWithSyntax } from "./prompts.ts";
import { wordsIn } from "./words.ts";

/** The codes of problems that only facts can show, with what each means. */
export const factCodes = {
  "model-not-found": "There is no such model.",
  "model-unknown": "The model is of a family that this version does not know.",
  "model-invalid": "The model's files cannot be read.",
  "sampler-not-for-model": "The sampler does not fit how the model was trained.",
  "prompt-too-long": "The text encoder does not read the end of the prompt.",
  "licence-forbids": "The model's licence does not allow what `usage` says.",
} as const satisfies Record<string, string>;

/** A problem in a document. */
export type Problem = Omit<Diagnostic, "code"> & { readonly code: Diagnostic["code"] | keyof typeof factCodes };

/** Every problem, in the order of the text. */
export function provideDiagnostics(document: ParseResult, facts: Facts): Problem[] {
  const own = resolve(document).diagnostics;
  const found = [...promptProblems(document), ...modelProblems(document, facts)];
  if (found.length === 0) return [...own];
  return sorted([
    ...own.filter(({ code, range }) => !isAnswered(code, range, document, facts)),
    ...found,
  ] as Diagnostic[]);
}

/** `usage` is said to be unchecked where no licence is known; it is checked where one is. */
function isAnswered(code: Problem["code"], range: Range, document: ParseResult, facts: Facts): boolean {
  const usage = document.root?.kind === "map" ? findPair(document.root, "usage") : undefined;
  if (code !== "not-available" || usage?.key.range.start !== range.start) return false;
  return modelsOf(document).every((reference) => licenceOf(facts.model?.(reference)) !== undefined);
}

/** The models that the nodes of a document use, each once. */
export function modelsOf(document: ParseResult): ModelReference[] {
  const references = document.nodes.flatMap((node) => modelReferenceOf(node) ?? []);
  return [...new Map(references.map((reference) => [JSON.stringify(reference), reference])).values()];
}

/** Brackets that are not closed, and syntax that the node's conventions do not read. */
function promptProblems(document: ParseResult): Problem[] {
  return promptsWithSyntax(document).flatMap(({ prompt, start, item: { owner } }) => {
    const unread = owner.kind === "node" ? syntaxNotRead(prompt, compatOf(owner.node)) : [];
    return [...prompt.diagnostics, ...unread].map((problem) => atPlace(problem, start));
  });
}

/** A problem of a prompt as one of the file. */
function atPlace({ code, severity, message, range }: Diagnostic, start: number): Problem {
  return { code, severity, message, range: moved(range, start) };
}

function modelProblems(document: ParseResult, facts: Facts): Problem[] {
  if (!facts.model) return [];
  const problems: Problem[] = [];
  const report = (problem: Problem) => problems.push(problem);
  for (const node of document.nodes) {
    const reference = modelReferenceOf(node);
    if (reference === undefined || !node.task || !availability[node.task]) continue;
    const model = facts.model(reference);
    if (!model) continue;
    if ("code" in model) {
      const entry = rightEntry(node, "model");
      if (entry) report({ code: model.code, severity: "error", message: model.message, range: entry.ast.range });
    } else checkWithModel(node, reference, model, document, report);
  }
  return problems;
}

type ReportProblem = (problem: Problem) => void;

function checkWithModel(
  node: ParsedNode,
  reference: ModelReference,
  model: ModelFacts,
  document: ParseResult,
  report: ReportProblem,
): void {
  checkSampler(node, reference, model, report);
  checkSides(node, model, report);
  checkLicence(node, reference, model, document, report);
  if (model.text && compatOf(node) === "diffusers") {
    for (const key of ["prompt", "negative_prompt", "prompt_2", "negative_prompt_2"]) {
      const entry = rightEntry(node, key);
      if (entry) checkLength(key, entry, model.text, document, report);
    }
  }
}

function checkSampler(node: ParsedNode, reference: ModelReference, model: ModelFacts, report: ReportProblem): void {
  const entry = rightEntry(node, "sampler");
  if (!entry || !model.samplers || model.samplers.includes(entry.value as string)) return;
  const message = `\`${entry.value as string}\` does not fit \`${referenceText(reference)}\`; it takes ${model.samplers.join(", ")}`;
  const fixes = model.samplers.slice(0, 3).map((name) => ({
    title: `Change to \`${name}\``,
    edits: [{ range: entry.ast.range, newText: name }],
  }));
  report({ code: "sampler-not-for-model", severity: "error", message, range: entry.ast.range, fixes });
}

/** The schema asks for multiples of 8; some models need more. */
function checkSides(node: ParsedNode, model: ModelFacts, report: ReportProblem): void {
  const { sizeMultiple: multiple } = model;
  if (multiple === undefined || multiple <= 8) return;
  const { diagnostics, report: collect } = collector();
  for (const key of ["width", "height"]) {
    const entry = rightEntry(node, key);
    if (typeof entry?.value !== "number" || entry.value % multiple === 0) continue;
    reportMultiple(key, entry.value, multiple, multiple, sideFix(entry, String), entry.ast.range, collect);
  }
  const size = rightEntry(node, "size");
  const sides = typeof size?.value === "string" ? size.value.split("x").map(Number) : [];
  for (const [i, side] of sides.entries()) {
    if (!size || side % multiple === 0) continue;
    const fix = sideFix(size, (near) => sides.with(i, near).join("x"));
    reportMultiple(i === 0 ? "width" : "height", side, multiple, multiple, fix, size.ast.range, collect);
  }
  diagnostics.forEach(report);
}

function sideFix({ ast }: Entry, write: (near: number) => string) {
  return (near: number) => ({
    title: `Change to \`${write(near)}\``,
    edits: [{ range: ast.range, newText: write(near) }],
  });
}

const forbidsMoney = /non-?commercial|\bnc\b|research[- ]only|academic/i;

function licenceOf(model: ReturnType<NonNullable<Facts["model"]>>): string | undefined {
  return model && !("code" in model) ? model.license : undefined;
}

function checkLicence(
  node: ParsedNode,
  reference: ModelReference,
  model: ModelFacts,
  document: ParseResult,
  report: ReportProblem,
): void {
  const usage = document.root?.kind === "map" ? findPair(document.root, "usage")?.value : undefined;
  if (usage?.kind !== "scalar" || usage.value !== "commercial" || !forbidsMoney.test(model.license ?? "")) return;
  const message = `the licence of \`${referenceText(reference)}\`, ${model.license!}, does not allow \`usage: commercial\``;
  const range = rightEntry(node, "model")?.ast.range ?? usage.range;
  report({ code: "licence-forbids", severity: "error", message, range });
}

/** Shows a prompt that is too long at the first word that is not read whole. */
function checkLength(
  key: string,
  entry: Entry,
  counted: TextFacts,
  document: ParseResult,
  report: ReportProblem,
): void {
  const { ast, value } = entry;
  if (typeof value !== "string" || value.length <= counted.room / 8) return;
  const count = counted.countTokens(value);
  if (count <= counted.room) return;
  const written = itemAt(document, ast.range.start);
  let used = 0;
  const words = written?.kind === "scalar" ? wordsIn(document, written.scalar) : [];
  const cut = words.find(({ text }) => (used += counted.countTokens(text)) > counted.room);
  const message = `\`${key}\` has ${count} tokens and the model reads ${counted.room}; what begins here is left out`;
  report({ code: "prompt-too-long", severity: "warning", message, range: cut?.range ?? ast.range });
}
