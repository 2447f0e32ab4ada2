// Drawing: how often, in which order, and where it ends.
import { describe, expect, test } from "vitest";
import { parsePrompt } from "../../../../daemon/src/language/prompt/parse.ts";
import { deepestNames, largestText, resolvePrompt } from "../../../../daemon/src/language/prompt/resolve.ts";
import { wildcardLines } from "../../../../daemon/src/language/prompt/wildcard-lines.ts";
import { numbersFrom } from "./numbers.ts";

type Files = Readonly<Record<string, readonly string[]>>;

function resolve(text: string, random: () => number, files: Files = {}) {
  return resolvePrompt(parsePrompt(text), { random, wildcards: (name) => files[name], vars: new Map() });
}

/** How often each text comes out of 4000 draws. */
function shares(text: string, files: Files = {}): Record<string, number> {
  const random = numbersFrom(7);
  const counts: Record<string, number> = {};
  for (let i = 0; i < 4000; i++) {
    const drawn = resolve(text, random, files).text;
    counts[drawn] = (counts[drawn] ?? 0) + 1;
  }
  return Object.fromEntries(Object.entries(counts).map(([drawn, count]) => [drawn, count / 4000]));
}

const halves = ["a", "b", "c"].flatMap((x) => ["a", "b", "c"].filter((y) => y !== x).map((y) => `${x}, ${y}`));
const even = (texts: readonly string[]) => Object.fromEntries(texts.map((text) => [text, 1 / texts.length]));

test.each<[prompt: string, shares: Record<string, number>]>([
  ["{a|b}", even(["a", "b"])],
  ["{a|2::b|c}", { a: 1 / 4, b: 1 / 2, c: 1 / 4 }],
  ["{a|0::b|3::c}", { a: 1 / 4, c: 3 / 4 }],
  ["{0::a|0::b}", even(["a", "b"])],
  ["{2$$a|b|c}", even(halves)],
  ["{2$$a|0::b|c}", even(["a, c", "c, a"])],
  // 3::a first: 3/4; then the other. Otherwise the other first.
  ["{2$$3::a|b}", { "a, b": 3 / 4, "b, a": 1 / 4 }],
  ["{0-2$$/$$a|b}", { "": 1 / 3, a: 1 / 6, b: 1 / 6, "a/b": 1 / 6, "b/a": 1 / 6 }],
  ["__w__", { x: 1 / 4, y: 3 / 4 }],
  ["{2$$__w__}", { "x, y": 1 / 4, "y, x": 3 / 4 }],
  ["{{a|b}|c}", { a: 1 / 4, b: 1 / 4, c: 1 / 2 }],
])("%s is drawn in its shares", (prompt, expected) => {
  const drawn = shares(prompt, { w: ["x", "3::y"] });
  expect(Object.keys(drawn).sort()).toEqual(Object.keys(expected).sort());
  for (const [text, share] of Object.entries(expected)) expect(drawn[text]).toBeCloseTo(share, 1);
});

/** Gives the listed numbers, then fails. */
function exactly(...numbers: number[]): () => number {
  return () => {
    const next = numbers.shift();
    if (next === undefined) throw new Error("more numbers were asked for than there is to decide");
    return next;
  };
}

test.each<[prompt: string, numbers: number[], text: string]>([
  ["{a|b} __w__ {c|d}", [0.9, 0.1, 0.6], "b x d"],
  ["{a} {1$$a} {0$$a|b} [a|b] (c:1.2)", [], "a a  [a|b] (c:1.2)"],
  ["{{a|b}|{c|d}}", [0.9, 0.1], "c"],
  ["{1-3$$ $$a|b|c}", [0.99, 0, 0], "a b c"],
  ["{a|b}", [0.4999999], "a"],
  ["{a|b}", [0.5], "b"],
  ["{a|b}", [1 - 2 ** -53], "b"],
])("%s asks for its numbers in reading order", (prompt, numbers, text) => {
  expect(resolve(prompt, exactly(...numbers), { w: ["x", "y"] }).text).toBe(text);
});

test("the same seed gives the same text, and another one another", () => {
  const prompt = "__w__ {3$$a|b|c|d|e} {1-4$$f|g|h|i} __w__";
  const draw = (seed: number) => resolve(prompt, numbersFrom(seed), { w: ["{x|y}", "z", "{2$$p|q}"] });
  expect(draw(3)).toEqual(draw(3));
  expect(new Set([1, 2, 3, 4, 5, 6, 7, 8].map((seed) => draw(seed).text)).size).toBeGreaterThan(5);
});

const chain = (length: number): Files =>
  Object.fromEntries(Array.from({ length }, (_, i) => [`w${i}`, [i + 1 < length ? `__w${i + 1}__` : "end"]]));

describe("wildcards end", () => {
  test.each<[title: string, prompt: string, files: Files, text: string | undefined, codes: string[]]>([
    ["at the deepest", "__w0__", chain(deepestNames), "end", []],
    ["when too deep", "__w0__", chain(deepestNames + 1), `__w${deepestNames}__`, ["wildcard-cycle"]],
    ["in a circle", "__a__", { a: ["x __b__"], b: ["__a__"] }, "x __a__", ["wildcard-cycle"]],
    ["when too long", "__a__", { a: ["__b____b__"], b: ["x".repeat(largestText * 0.6)] }, undefined, ["too-large"]],
    ["when they multiply", "__w0__", explosion(), undefined, ["too-large"]],
    [
      "when too many are compared",
      "{5000$$__a__} b",
      { a: Array.from({ length: 5000 }, String) },
      "{5000$$__a__} b",
      ["too-large"],
    ],
  ])("%s", (_title, prompt, files, text, codes) => {
    const resolved = resolve(prompt, numbersFrom(1), files);
    expect(resolved.diagnostics.map(({ code }) => code)).toEqual(codes);
    expect(resolved.diagnostics.map(({ range }) => range)).toEqual(
      codes.map(() => parsePrompt(prompt).nodes[0]!.range),
    );
    expect(resolved.text.length).toBeLessThanOrEqual(4 * largestText);
    if (text !== undefined) expect(resolved.text).toBe(text);
  });
});

/** Ten wildcards in each line of ten wildcards. */
function explosion(): Files {
  const lines = Array.from({ length: 12 }, (_, i) => [`w${i}`, [`__w${i + 1}__ `.repeat(10)]]);
  return Object.fromEntries([...lines, ["w12", ["end"]]]) as Files;
}

test("a wildcard is read once, however often it is mentioned", () => {
  let reads = 0;
  const wildcards = () => (reads++, ["x"]);
  resolvePrompt(parsePrompt("__a__ ".repeat(50)), { random: () => 0, wildcards, vars: new Map() });
  expect(reads).toBe(1);
});

test.each<[text: string, lines: string[]]>([
  ["a\nb\n", ["a", "b"]],
  ["\uFEFF# comment\r\n  a b  \r\n\r\n#x\n\tc", ["a b", "c"]],
  ["", []],
  ["a#b\rc", ["a#b", "c"]],
])("lines of %j", (text, lines) => expect(wildcardLines(text)).toEqual(lines));
