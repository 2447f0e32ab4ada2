// What is shown of a whole file: symbols, folding, selection, tokens, hints, lenses, links.
import { expect, test } from "vitest";
import { parse } from "../../../../daemon/src/language/parse.ts";
import { provideCodeLenses } from "../../../../daemon/src/language/services/provide-code-lenses.ts";
import { provideFolding } from "../../../../daemon/src/language/services/provide-folding.ts";
import { provideInlayHints } from "../../../../daemon/src/language/services/provide-inlay-hints.ts";
import { provideLinks } from "../../../../daemon/src/language/services/provide-links.ts";
import { provideSelection } from "../../../../daemon/src/language/services/provide-selection.ts";
import { provideSemanticTokens } from "../../../../daemon/src/language/services/provide-semantic-tokens.ts";
import { type DocumentSymbol, provideSymbols } from "../../../../daemon/src/language/services/provide-symbols.ts";
import { facts } from "./facts.ts";

const lines = (written: string): string => written.replace(/^ {2}/gm, "").trim();

function outline(symbols: readonly DocumentSymbol[], indent = ""): string {
  return symbols
    .map(({ name, kind, detail, children }) => {
      return `${indent}${kind} ${name}${detail && ` (${detail})`}\n${outline(children, `${indent}  `)}`;
    })
    .join("");
}

test("the outline of a workflow", () => {
  const text =
    "diffusion: 1\nvars: {p: a lake}\ndefaults:\n  steps: 4\nworkflow:\n  a:\n    prompt: x\n  b: {task: upscale, image: $a}\n";
  expect(outline(provideSymbols(parse(text)))).toBe(
    "group vars\n  variable p (a lake)\ngroup defaults\n  key steps (4)\ngroup workflow\n  node a (image · x)\n  node b (upscale)\n",
  );
});

test("the outline of a file of one node", () => {
  expect(outline(provideSymbols(parse("diffusion: 1\nprompt: a lake\n")))).toBe("node main (image · a lake)\n");
});

test("what folds: values of several lines, comments of several lines", () => {
  const text =
    "# one\n# two\ndiffusion: 1\nprompt: |\n  a\n  b\n\noutput:\n  name: x\n\n# single\nloras:\n  - file: a\n    weight: 1\n";
  const folds = provideFolding(parse(text)).map(({ startLine, endLine, kind = "" }) =>
    `${startLine}-${endLine} ${kind}`.trim(),
  );
  expect(folds.toSorted()).toEqual(["0-1 comment", "11-13", "12-13", "3-5", "7-8"]);
});

test("selection grows from the word to the file", () => {
  const text = "diffusion: 1\nworkflow:\n  a:\n    prompt: a small boat\n";
  const ranges = provideSelection(parse(text), text.indexOf("small") + 1);
  expect(ranges.map(({ start, end }) => text.slice(start, end))).toEqual([
    "small",
    "a small boat",
    "prompt: a small boat",
    "a:\n    prompt: a small boat",
    "workflow:\n  a:\n    prompt: a small boat",
    text.trimEnd(),
    text,
  ]);
});

const tokens: Readonly<Record<string, readonly [text: string, expected: string]>> = {
  "keys, words, numbers, flags": [
    "diffusion: 1\nsampler: euler\nworkflow: {a: {task: speech, consent: true}}",
    lines(`
  property diffusion
  number 1
  property sampler
  string euler
  property workflow
  class! a
  property task
  enumMember speech
  property consent
  keyword true`),
  ],
  "references and variables": [
    "diffusion: 1\nvars: {p: x}\nworkflow:\n  a: {prompt: 'in ${p}'}\n  b: {image: $a.mask}",
    lines(`
  property diffusion
  number 1
  property vars
  variable! p
  string x
  property workflow
  class! a
  property prompt
  string in
  variable p
  class! b
  property image
  string $
  class a
  string .mask`),
  ],
  "a prompt's syntax": [
    "diffusion: 1\nprompt: |\n  a (b:1.3) BREAK\n  __c__ [d|e] <lora:f:1>",
    lines(`
  property diffusion
  number 1
  property prompt
  string a
  operator (
  string b
  operator :
  number 1.3
  operator )
  keyword BREAK
  macro __c__
  operator [
  string d
  operator |
  string e
  operator ]
  operator <lora:
  string f:1
  operator >`),
  ],
};

test.each(Object.entries(tokens))("tokens of %s", (_, [text, expected]) => {
  const found = provideSemanticTokens(parse(text)).map(({ range, type, isDeclaration }) => {
    return `${type}${isDeclaration ? "!" : ""} ${text.slice(range.start, range.end)}`;
  });
  expect(found.join("\n")).toBe(expected);
});

test("tokens of a part of a file are those that touch it", () => {
  const text = "diffusion: 1\nprompt: a boat\nsteps: 4\n";
  const all = provideSemanticTokens(parse(text));
  const start = text.indexOf("prompt");
  expect(provideSemanticTokens(parse(text), { start, end: start + 3 })).toEqual(all.slice(2, 3));
});

const hints: Readonly<Record<string, readonly [text: string, shown: string]>> = {
  "the model's size, and tokens": [
    "workflow:\n  a:\n    prompt: a small boat\n",
    "workflow:\n  a:«128×128»\n    prompt: a small boat«3/8»\n",
  ],
  "a larger second pass": [
    "workflow:\n  a: {prompt: '', size: 64x96, hires: {scale: 2}}\n",
    "workflow:\n  a:«128×192» {prompt: '', size: 64x96, hires: {scale: 2}}\n",
  ],
  "nothing where the size is written": [
    "workflow:\n  a: {prompt: '', size: 64x96}\n",
    "workflow:\n  a: {prompt: '', size: 64x96}\n",
  ],
  "nothing where the picture decides": [
    "workflow:\n  a: {prompt: '', image: ./x.png}\n",
    "workflow:\n  a: {prompt: '', image: ./x.png}\n",
  ],
  "the number of results": [
    "workflow:\n  a: {prompt: '', size: 64x64, count: 2, matrix: {steps: [1, 2, 3]}}\n",
    "workflow:\n  a:«6 results» {prompt: '', size: 64x64, count: 2, matrix: {steps: [1, 2, 3]}}\n",
  ],
  "the seed that was drawn": [
    "workflow:\n  old: {prompt: '', size: 64x64, seed: random}\n",
    "workflow:\n  old: {prompt: '', size: 64x64, seed: random«42»}\n",
  ],
};

test.each(Object.entries(hints))("hints: %s", (_, [written, shown]) => {
  const text = `diffusion: 1\n${written}`;
  const found = provideInlayHints(parse(text), { start: 0, end: text.length }, facts);
  const marked = found
    .toSorted((a, b) => b.offset - a.offset)
    .reduce((marked, { offset, label }) => `${marked.slice(0, offset)}«${label}»${marked.slice(offset)}`, text);
  expect(marked).toBe(`diffusion: 1\n${shown}`);
});

test("lenses run, cancel and look back", () => {
  const text = "diffusion: 1\nworkflow:\n  a: {prompt: x}\n  busy: {prompt: x}\n";
  const found = provideCodeLenses(parse(text), facts).map(({ node, command, title }) => `${node} ${command} ${title}`);
  expect(found).toEqual([
    "a diffusion.run ▶ Run",
    "a diffusion.history History",
    "busy diffusion.cancel ⏹ Cancel",
    "busy diffusion.history History",
  ]);
});

test("links lead to files and to the Hub", () => {
  const text =
    'diffusion: 1\nworkflow:\n  a: {prompt: __colour__ x, model: hf:org/name@main#sub, image: "./a.png"}\n  b: {prompt: x, model: vignette, image: $a}\n';
  const found = provideLinks(parse(text)).map((link) => {
    return `${text.slice(link.range.start, link.range.end)} → ${"url" in link ? link.url : link.path}`;
  });
  expect(found).toEqual([
    "hf:org/name@main#sub → https://huggingface.co/org/name/tree/main",
    "./a.png → ./a.png",
    "__colour__ → wildcards/colour.txt",
  ]);
});
