// The order of keys: comments move with them, values stay the same, a user's own names keep their order.
import { expect, test } from "vitest";
import { applyEdits, orderKeys } from "../../../../daemon/src/language/format/index.ts";
import { parse } from "../../../../daemon/src/language/parse.ts";
import { mutants, texts } from "./texts.ts";

const order = (text: string): string => applyEdits(text, orderKeys(text));

test.each<[title: string, before: string, after: string]>([
  [
    "the head, then the task's keys",
    "steps: 2\nprompt: a\ntitle: b\ndiffusion: 1\n",
    "diffusion: 1\ntitle: b\nprompt: a\nsteps: 2\n",
  ],
  ["no last line end", "prompt: a\ndiffusion: 1", "diffusion: 1\nprompt: a"],
  ["CRLF", "prompt: a\r\ndiffusion: 1\r\n", "diffusion: 1\r\nprompt: a\r\n"],
  [
    "comments right above, and behind",
    "# p\nprompt: a # q\n# d\ndiffusion: 1 # e\n",
    "# d\ndiffusion: 1 # e\n# p\nprompt: a # q\n",
  ],
  ["the file's own comment stays first", "# file\n\nprompt: a\ndiffusion: 1\n", "# file\n\ndiffusion: 1\nprompt: a\n"],
  ["comments further in", "prompt:\n  a\n  # of a\ndiffusion: 1\n", "diffusion: 1\nprompt:\n  a\n  # of a\n"],
  ["block text", "prompt: |\n  a\n\n  b\ndiffusion: 1\n", "diffusion: 1\nprompt: |\n  a\n\n  b\n"],
  [
    "groups",
    "diffusion: 1\noutput: {format: png, name: a}\nprompt: b\n",
    "diffusion: 1\noutput: {name: a, format: png}\nprompt: b\n",
  ],
  [
    "lists of groups",
    "diffusion: 1\nprompt: a\nloras:\n  - weight: 1 # w\n    file: x\n  - {weight: 2, file: y}\n",
    "diffusion: 1\nprompt: a\nloras:\n  - file: x\n    weight: 1 # w\n  - {file: y, weight: 2}\n",
  ],
  ["unknown keys last", "zz: 1\nprompt: a\nyy: 2\ndiffusion: 1\n", "diffusion: 1\nprompt: a\nzz: 1\nyy: 2\n"],
  [
    "nodes in the user's order, each by its task",
    "workflow:\n  b: {image: x.png, task: upscale}\n  a: {steps: 1, prompt: a}\ndiffusion: 1\n",
    "diffusion: 1\nworkflow:\n  b: {task: upscale, image: x.png}\n  a: {prompt: a, steps: 1}\n",
  ],
  [
    "variables and a matrix in the user's order",
    "prompt: a\nmatrix: {steps: [1], seed: [2]}\nvars: {b: 1, a: 2}\ndiffusion: 1\n",
    "diffusion: 1\nvars: {b: 1, a: 2}\nmatrix: {steps: [1], seed: [2]}\nprompt: a\n",
  ],
  [
    "defaults",
    "diffusion: 1\ndefaults: {steps: 1, model: x}\nworkflow: {}\n",
    "diffusion: 1\ndefaults: {model: x, steps: 1}\nworkflow: {}\n",
  ],
])("%s", (_title, before, after) => {
  expect(order(before)).toBe(after);
  expect(orderKeys(after)).toEqual([]);
});

test.each([
  ["a key twice", "prompt: a\nprompt: b\ndiffusion: 1\n"],
  ["an alias in the map", "prompt: a\nmemory: &m {vae: tiled}\ncache: *m\ndiffusion: 1\n"],
  [
    "an anchor that would come after its alias",
    "diffusion: 1\nworkflow:\n  a:\n    hires: &h {scale: 2}\n    prompt: a\n  b: {hires: *h}\n",
  ],
  ["errors in the syntax", "prompt: [a\ndiffusion: 1\n"],
  ["a list", "- prompt: a\n- diffusion: 1\n"],
])("%s: stays or keeps its meaning", (_title, text) => expect(valuesOf(order(text))).toEqual(valuesOf(text)));

/** The values of every node and the codes of all problems, in no order. */
function valuesOf(text: string): unknown {
  const { nodes, diagnostics } = parse(text);
  const values = nodes.map(({ name, entries }) => [
    name,
    Object.fromEntries([...entries].map(([key, e]) => [key, e.value])),
  ]);
  return { values, problems: diagnostics.map(({ code, message }) => `${code} ${message}`).sort() };
}

const seed = Number(process.env["FUZZ_SEED"] ?? 1);

test(`fixtures and 2,000 mutants keep their values, and are ordered once (FUZZ_SEED=${seed})`, () => {
  let ordered = 0;
  for (const text of [...Object.values(texts), ...mutants(2000, seed)]) {
    const edits = orderKeys(text);
    if (edits.length === 0) continue;
    ordered++;
    const after = applyEdits(text, edits);
    expect(valuesOf(after), text).toEqual(valuesOf(text));
    expect(orderKeys(after), text).toEqual([]);
    expect(lines(after)).toEqual(lines(text));
  }
  expect(ordered).toBeGreaterThan(100);
});

/** Every comment, in no order. */
function lines(text: string): string[] {
  return (text.match(/(?<=^|\s)#.*/gm) ?? []).map((comment) => comment.trim()).sort();
}
