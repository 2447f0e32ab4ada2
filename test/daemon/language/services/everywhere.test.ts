// Every service at random places of every fixture, whole and cut off: nothing throws, every range lies in the text.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { parse, type ParseResult } from "../../../../daemon/src/language/parse.ts";
import { provideCodeActions } from "../../../../daemon/src/language/services/provide-code-actions.ts";
import { provideCodeLenses } from "../../../../daemon/src/language/services/provide-code-lenses.ts";
import { provideCompletion, resolveProposal } from "../../../../daemon/src/language/services/provide-completion.ts";
import { provideDefinition, provideReferences } from "../../../../daemon/src/language/services/provide-definition.ts";
import { provideDiagnostics } from "../../../../daemon/src/language/services/provide-diagnostics.ts";
import { provideFolding } from "../../../../daemon/src/language/services/provide-folding.ts";
import { provideHover } from "../../../../daemon/src/language/services/provide-hover.ts";
import { provideInlayHints } from "../../../../daemon/src/language/services/provide-inlay-hints.ts";
import { provideLinks } from "../../../../daemon/src/language/services/provide-links.ts";
import { prepareRename, provideRename } from "../../../../daemon/src/language/services/provide-rename.ts";
import { provideSelection } from "../../../../daemon/src/language/services/provide-selection.ts";
import { provideSemanticTokens } from "../../../../daemon/src/language/services/provide-semantic-tokens.ts";
import { provideSignature } from "../../../../daemon/src/language/services/provide-signature.ts";
import { provideSymbols, type DocumentSymbol } from "../../../../daemon/src/language/services/provide-symbols.ts";
import type { Range } from "../../../../daemon/src/language/source.ts";
import { facts } from "./facts.ts";

const root = fileURLToPath(new URL("../../../../", import.meta.url));
const largest = 100_000;

const fixtures = ["test/language", "media/examples"]
  .flatMap((folder) =>
    readdirSync(root + folder, { recursive: true, encoding: "utf8" }).map((name) => `${folder}/${name}`),
  )
  .filter((name) => name.endsWith(".diffusion"));

/** Whole numbers below a limit, the same in every run (mulberry32). */
function dice(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * limit);
  };
}

const prompts = readdirSync(`${root}test/prompts`).filter((name) => name.endsWith(".txt"));

test.each(fixtures)("%s", (name) => checkText(readFileSync(root + name, "utf8").slice(0, largest)));

test.each(prompts)("the prompts of %s", (name) => {
  const lines = readFileSync(`${root}test/prompts/${name}`, "utf8").slice(0, largest).split("\n");
  checkText(`diffusion: 1\nprompt: |\n${lines.map((line) => `  ${line}\n`).join("")}`);
});

function checkText(text: string): void {
  const roll = dice(text.length);
  const whole = parse(text);
  checkWhole(whole);
  for (let i = 0; i < 12; i++) checkAt(whole, text, roll(text.length + 1));
  for (let i = 0; i < 6; i++) {
    const cut = text.slice(0, roll(text.length + 1));
    const read = parse(cut);
    checkWhole(read);
    checkAt(read, cut, cut.length);
    checkAt(whole, cut, roll(cut.length + 1), read);
  }
}

function checkWhole(document: ParseResult): void {
  const { text } = document;
  const all = { start: 0, end: text.length };
  const problems = provideDiagnostics(document, facts);
  for (const { range } of problems.filter(({ place }) => !place)) within(range, all);
  for (const { edits } of provideCodeActions(document, all, problems)) edits.forEach(({ range }) => within(range, all));
  provideLinks(document).forEach(({ range }) => within(range, all));
  provideCodeLenses(document, facts).forEach(({ range }) => within(range, all));
  provideInlayHints(document, all, facts).forEach(({ offset }) => within({ start: offset, end: offset }, all));
  provideSymbols(document).forEach((symbol) => checkSymbol(symbol, all));
  for (const { startLine, endLine } of provideFolding(document)) {
    expect(endLine).toBeGreaterThan(startLine);
    expect(endLine).toBeLessThan(document.lines.length);
  }
  checkTokens(document);
}

function checkSymbol({ name, range, nameRange, children }: DocumentSymbol, outer: Range): void {
  expect(name).not.toBe("");
  within(range, { start: 0, end: outer.end });
  within(nameRange, range);
  children.forEach((child) => checkSymbol(child, outer));
}

function checkTokens(document: ParseResult): void {
  let end = 0;
  for (const { range } of provideSemanticTokens(document)) {
    expect(range.start).toBeGreaterThanOrEqual(end);
    expect(range.end).toBeGreaterThan(range.start);
    expect(document.text.slice(range.start, range.end)).not.toMatch(/[\r\n]/);
    end = range.end;
  }
  expect(end).toBeLessThanOrEqual(document.text.length);
}

/** @param fresh the reading of the text itself, when `document` is that of an earlier state */
function checkAt(document: ParseResult, text: string, offset: number, fresh = document): void {
  for (const { range, data, label } of provideCompletion(document, text, offset, facts)) {
    expect(label).not.toBe("");
    expect(range.start).toBeLessThanOrEqual(offset);
    expect(range.end).toBeGreaterThanOrEqual(offset);
    expect(text.slice(range.start, range.end)).not.toMatch(/[\r\n]/);
    if (data) expect(resolveProposal(data)).toBeTruthy();
  }
  const all = { start: 0, end: fresh.text.length };
  const hover = provideHover(fresh, offset, facts);
  if (hover) within(hover.range, all);
  const signature = provideSignature(fresh, offset);
  if (signature) expect(signature.parameters[signature.active]).toBeDefined();
  const definition = provideDefinition(fresh, offset);
  if (definition) within(definition.range, all);
  provideReferences(fresh, offset).forEach(({ range }) => within(range, all));
  const renamed = provideRename(fresh, offset, "new_name");
  expect("refused" in renamed).toBe(prepareRename(fresh, offset) === undefined);
  const selection = provideSelection(fresh, offset);
  selection.reduce((inner, outer) => (within(inner, outer), outer));
  provideSemanticTokens(fresh, { start: offset, end: offset }).forEach(({ range }) => within(range, all));
}

function within(inner: Range, outer: Range): void {
  expect(inner.start).toBeGreaterThanOrEqual(outer.start);
  expect(inner.end).toBeLessThanOrEqual(outer.end);
  expect(inner.end).toBeGreaterThanOrEqual(inner.start);
}
