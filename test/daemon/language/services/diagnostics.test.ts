// Problems that only facts about models show, where they are shown, and what mends them.
import { expect, test } from "vitest";
import { applyEdits } from "../../../../daemon/src/language/format/index.ts";
import { parse } from "../../../../daemon/src/language/parse.ts";
import { provideCodeActions } from "../../../../daemon/src/language/services/provide-code-actions.ts";
import { type Problem, provideDiagnostics } from "../../../../daemon/src/language/services/provide-diagnostics.ts";
import { facts } from "./facts.ts";

const problemsOf = (text: string, known = facts): Problem[] => provideDiagnostics(parse(text), known);

const cases: Readonly<Record<string, readonly [text: string, ...found: string[]]>> = {
  "a model that is not there": ["prompt: x\nmodel: ./lost\n", "model-not-found ./lost"],
  "nothing is said of a model nobody has looked at": ["prompt: x\nmodel: ./new\n"],
  "a sampler for other models": ["prompt: x\nmodel: ./flow\nsampler: ddim\n", "sampler-not-for-model ddim"],
  "a sampler in defaults": [
    "defaults: {sampler: ddim}\nworkflow:\n  a: {prompt: x, model: ./flow}\n  b: {prompt: x, model: ./flow}\n",
    "sampler-not-for-model ddim",
  ],
  sides: ["prompt: x\nmodel: ./flow\nwidth: 1000\nheight: 1024\n", "size-multiple 1000"],
  "a size": ["prompt: x\nmodel: ./flow\nsize: 1024x1032\n", "size-multiple 1024x1032"],
  "a licence": ["usage: commercial\nprompt: x\nmodel: ./flow\n", "licence-forbids ./flow"],
  "a licence that allows it": ["usage: commercial\nprompt: x\n"],
  "a prompt that fits": ["prompt: a b c d e f g h\n"],
  "a prompt too long": ["prompt: a b c d e f g h i j\n", "prompt-too-long i"],
  "a prompt too long in quotes": ["prompt: 'a b c d e f g h i j'\n", "prompt-too-long i"],
  "a prompt too long over lines": ["prompt: >-\n  a b c d\n  e f g h\n\n  last one\n", "prompt-too-long last"],
  "a prompt too long by a variable": ["vars: {v: a b c d e}\nprompt: 1 2 3 ${v} 9 10\n", "prompt-too-long 9"],
  "a prompt that a variable is": ["vars: {v: 'a b c d e f g h i'}\nprompt: ${v}\n", "prompt-too-long ${v}"],
  "a negative prompt too long": ["prompt: x\nnegative_prompt: a b c d e f g h i\n", "prompt-too-long i"],
  "a prompt as long as A1111 likes": ["prompt: a b c d e f g h i\ncompat: a1111\n"],
  "brackets nobody reads": ["prompt: a (b:1.3) c\n", "syntax-not-read (b:1.3)"],
  "a bracket that is not closed": ["prompt: 'a {b'\n", "unclosed-bracket {"],
};

test.each(Object.entries(cases))("%s", (_, [written, ...expected]) => {
  const text = `diffusion: 1\n${written}`;
  const found = problemsOf(text).map(({ code, range }) => `${code} ${text.slice(range.start, range.end)}`);
  expect(found.filter((problem) => !problem.startsWith("not-available"))).toEqual(expected);
});

test("without facts nothing is said about models", () => {
  expect(problemsOf("diffusion: 1\nprompt: x\nmodel: ./lost\n", {})).toEqual([]);
});

const mended: Readonly<Record<string, readonly [text: string, title: string, after: string]>> = {
  "a word": ["prompt: x\nsampler: eulr\n", "Change to `euler`", "prompt: x\nsampler: euler\n"],
  "a sampler": [
    "prompt: x\nmodel: ./flow\nsampler: ddim\n",
    "Change to `heun`",
    "prompt: x\nmodel: ./flow\nsampler: heun\n",
  ],
  "a side": ["prompt: x\nmodel: ./flow\nwidth: 1000\n", "Change to `1008`", "prompt: x\nmodel: ./flow\nwidth: 1008\n"],
  "a key that is missing": [
    "workflow:\n  a:\n    steps: 4\n",
    "Write `prompt`",
    "workflow:\n  a:\n    prompt: a serene mountain landscape at sunset\n    steps: 4\n",
  ],
  "a key that is missing in brackets": [
    "workflow:\n  a: {steps: 4}\n",
    "Write `prompt`",
    "workflow:\n  a: {prompt: a serene mountain landscape at sunset, steps: 4}\n",
  ],
  "a key that is missing in an empty node": [
    "workflow:\n  a:\n  b: {prompt: x}\n",
    "Write `prompt`",
    "workflow:\n  a:\n    prompt: a serene mountain landscape at sunset\n  b: {prompt: x}\n",
  ],
};

test.each(Object.entries(mended))("mends %s", (_, [written, title, after]) => {
  const text = `diffusion: 1\n${written}`;
  const actions = provideCodeActions(parse(text), { start: 0, end: text.length }, problemsOf(text));
  const action = actions.find((each) => each.title === title);
  expect(actions.map((each) => each.title)).toContain(title);
  expect(applyEdits(text, action!.edits)).toBe(`diffusion: 1\n${after}`);
});

test("only what touches the place is offered", () => {
  const text = "diffusion: 1\nprompt: x\nsampler: eulr\nscheduler: karas\n";
  const at = text.indexOf("karas");
  const actions = provideCodeActions(parse(text), { start: at, end: at }, problemsOf(text));
  expect(actions.map(({ title, isPreferred }) => `${title} ${isPreferred}`)).toEqual(["Change to `karras` true"]);
});
