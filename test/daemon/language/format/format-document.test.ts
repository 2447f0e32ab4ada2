// Layout: what changes, that no value does, that laying out twice is laying out once.
import { expect, test } from "vitest";
import { applyEdits, formatDocument } from "../../../../daemon/src/language/format/index.ts";
import { layOut } from "../../../../daemon/src/language/format/layout.ts";
import { parse } from "../../../../daemon/src/language/parse.ts";
import { mutants, texts } from "./texts.ts";

const format = (text: string, range?: { start: number; end: number }): string =>
  applyEdits(text, formatDocument(text, range ? { range } : {}).edits);

test.each<[title: string, before: string, after: string]>([
  ["spaces around a colon", "diffusion:   1\nprompt :\ta cat\n", "diffusion: 1\nprompt: a cat\n"],
  ["flow collections", "a: {b: 1,c : [ x ,y,],d: { },e: [ ]}\n", "a: { b: 1, c: [x, y,], d: {}, e: [] }\n"],
  ["a flow collection as the file", "{diffusion: 1,prompt: a}", "{ diffusion: 1, prompt: a }\n"],
  ["keys in quotes", `{"a":1,'b' : 2}\n`, `{ "a": 1, 'b': 2 }\n`],
  ["keys without values", "{a: ,b: }\n", "{ a:, b: }\n"],
  ["anchors and aliases", "a:   &x   {b:  1}\nc:  *x\n", "a: &x { b: 1 }\nc: *x\n"],
  ["indentation", "a:\n    b:\n        c: 1\n    d: 2\n", "a:\n  b:\n    c: 1\n  d: 2\n"],
  ["lists under their key", "a:\n- b\n-   c: 1\n    d: 2\n", "a:\n  - b\n  - c: 1\n    d: 2\n"],
  ["lists in lists", "a:\n- -   b\n  - c\n", "a:\n  - - b\n    - c\n"],
  ["the values of keys below them", "a:\n      long words\nb:\n   {c: 1}\n", "a:\n  long words\nb:\n  { c: 1 }\n"],
  ["spaces at the end of lines", "a: 1  \n\t\nb: 2 # c \t\n", "a: 1\n\nb: 2 # c\n"],
  ["empty lines", "\n\na: 1\n\n\n\nb: 2\n\n\n", "a: 1\n\nb: 2\n"],
  ["the last line", "a: 1", "a: 1\n"],
  ["nothing but space", " \n\n  ", ""],
  ["CRLF", "a:  1\r\n\r\n\r\nb: |\r\n    x\r\n    y", "a: 1\r\n\r\nb: |\r\n  x\r\n  y\r\n"],
  ["the ending most lines have", "a: 1\r\nb: 2\nc: 3\r\n", "a: 1\r\nb: 2\r\nc: 3\r\n"],
  ["a byte-order mark", "\uFEFF\n a:  1\n", "\uFEFFa: 1\n"],
  ["comments behind values", "a: 1    # one\nb: [x,   # two\n  y]\n", "a: 1 # one\nb: [x, # two\n  y]\n"],
  ["comments with what follows", "a:\n# b\n    b: 1\n      # c\n    c: 2\n", "a:\n  # b\n  b: 1\n  # c\n  c: 2\n"],
  [
    "comments at the end of a block",
    "a:\n    b:\n        c: 1\n        # of b\n    # of a\n# of d\nd: 1\n  # last\n",
    "a:\n  b:\n    c: 1\n    # of b\n  # of a\n# of d\nd: 1\n# last\n",
  ],
  ["comments in a list", "a:\n- b\n# c\n- c\n", "a:\n  - b\n  # c\n  - c\n"],
  ["brackets over lines", "a: [\n 1,\n      {b: 2,\n c: 3\n }\n ]\n", "a: [\n  1,\n  { b: 2,\n    c: 3\n  }\n  ]\n"],
  ["prompts over lines", "prompt: a\n       b\n\n       c\nx: 1\n", "prompt: a\n  b\n\n  c\nx: 1\n"],
  ["quotes over lines", 'prompt: "a  \n    b \\  \n  c"\n', 'prompt: "a\n  b \\ \n  c"\n'],
  [
    "block text",
    "a:\n    b: |  # c\n           x\n             y  \n\n           z\n",
    "a:\n  b: | # c\n    x\n      y  \n\n    z\n",
  ],
  ["block text with its column given", "a:\n    b: |1-\n      x\n", "a:\n  b: |2-\n     x\n"],
  ["empty lines that block text keeps", "a: |+\n   x\n\n\n\nb: 1\n", "a: |+\n  x\n\n\n\nb: 1\n"],
  ["empty lines behind other block text", "a: >\n   x\n   \n\n\nb: 1\n", "a: >\n  x\n\nb: 1\n"],
  ["long lines", `prompt: ${"very ".repeat(200)}long\n`, `prompt: ${"very ".repeat(200)}long\n`],
  ["large numbers", "seed:  18446744073709551615\n", "seed: 18446744073709551615\n"],
  ["keys that are there twice", "a:  1\na:  2\n", "a: 1\na: 2\n"],
])("%s", (_title, before, after) => {
  expect(format(before)).toBe(after);
  expect(format(after)).toBe(after);
});

test.each([
  "a: [1\nb:  2\n",
  "a: b: c\nd:  1\n",
  "a: !tag  b\n",
  "a:  1\n---\nb:  2\n",
  "%YAML 1.1\n---\na:  1\n",
  "[".repeat(100),
])("%j is left alone, with the reason", (text) => {
  const { edits, refused } = formatDocument(text);
  expect(edits).toEqual([]);
  expect(refused.length).toBeGreaterThan(0);
});

/** What a text says, without places. */
function meaningOf(text: string): unknown {
  const { document, diagnostics, nodes } = parse(text);
  const keys = nodes.map(({ entries }) => [...entries].map(([key, { value }]) => [key, value]));
  const references = nodes.map((node) => node.references.map(({ node: name }) => name));
  const problems = diagnostics.map(({ code, message, severity }) => `${severity} ${code} ${message}`).sort();
  return { vars: document?.vars, order: document?.nodes.map(({ name }) => name), keys, references, problems };
}

test.each(Object.entries(texts))("%s keeps its meaning, and is laid out once", (_path, text) => {
  const { edits, refused } = formatDocument(text);
  const after = applyEdits(text, edits);
  if (refused.length > 0) expect(after).toBe(text);
  expect(meaningOf(after)).toEqual(meaningOf(text));
  expect(format(after)).toBe(after);
});

test("the examples are laid out already", () => {
  const examples = Object.entries(texts).filter(([path]) => path.startsWith("media/"));
  expect(examples.filter(([, text]) => format(text) !== text).map(([path]) => path)).toEqual([]);
});

const seed = Number(process.env["FUZZ_SEED"] ?? 1);

test(`5,000 mutants keep their meaning, their words and their layout (FUZZ_SEED=${seed})`, () => {
  let formatted = 0;
  for (const text of mutants(5000, seed)) {
    const { edits, refused } = formatDocument(text);
    if (refused.length > 0) continue;
    formatted++;
    const after = applyEdits(text, edits);
    expect(words(after), text).toBe(words(text));
    expect(meaningOf(after), text).toEqual(meaningOf(text));
    expect(formatDocument(after), text).toEqual({ edits: [], refused: [] });
    // Carriage returns alone are text to some readers and space to others; all else the layout gets right unaided.
    if (!/\r(?!\n)/.test(text)) expect(edits, text).toEqual(layOut(text));
  }
  expect(formatted).toBeGreaterThan(1000);
});

/** All but space, and the columns of block texts. */
function words(text: string): string {
  return text.replace(/[ \t\r\n]/g, "").replace(/([|>][+-]?)[1-9]/g, "$1");
}

const mixed = "a:  1\nb:\n    c:  1\n    d:  2\ne:  3\n";

test.each<[part: string, after: string]>([
  ["a:  1", "a: 1\nb:\n    c:  1\n    d:  2\ne:  3\n"],
  ["e:  3", "a:  1\nb:\n    c:  1\n    d:  2\ne: 3\n"],
  ["  1\n    d", "a:  1\nb:\n  c: 1\n  d: 2\ne:  3\n"],
  ["c:", "a:  1\nb:\n  c: 1\n  d: 2\ne:  3\n"],
  [mixed, "a: 1\nb:\n  c: 1\n  d: 2\ne: 3\n"],
])("only %j, and what hangs together with it", (part, after) => {
  const start = mixed.indexOf(part);
  expect(format(mixed, { start, end: start + part.length })).toBe(after);
});

test("any part keeps the meaning of the whole", () => {
  for (const text of mutants(300, seed)) {
    for (let start = 0; start < text.length; start += 37) {
      expect(meaningOf(format(text, { start, end: start + 10 })), text).toEqual(meaningOf(text));
    }
  }
});

test("10,000 lines take time in proportion", () => {
  const time = (nodes: number): number => {
    const text = `diffusion: 1\nworkflow:\n${"    n:\n        prompt:  a cat # c\n        # d\n".repeat(nodes)}`;
    const start = performance.now();
    expect(formatDocument(text).edits.length).toBeGreaterThan(nodes);
    return performance.now() - start;
  };
  time(500);
  expect(time(5000) / time(500)).toBeLessThan(40); // 10 when linear, 100 when quadratic
});

test.each<[title: string, text: string]>([
  ["comments", `a: 1\n${"    # c\n".repeat(20_000)}b: 1\n`],
  ["lines of block text", `a: |\n${"     text\n".repeat(100_000)}`],
  ["lines of plain text", `a: x\n${"     text\n".repeat(100_000)}`],
  ["spaces", `a: x${" ".repeat(500_000)}# c\n`],
  ["backslashes", `a: "${"\\\\".repeat(250_000)} \n  b"\n`],
  ["problems", "a:  1\n".repeat(5000)],
])("many %s are laid out, and once", (_title, text) => {
  const after = format(text);
  expect(after).not.toBe(text);
  expect(format(after)).toBe(after);
});
