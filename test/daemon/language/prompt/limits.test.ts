// No prompt is too strange: mutants, prefixes, ranges that cover the text, a megabyte of anything in little time.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { attention } from "../../../../daemon/src/language/prompt/attention.ts";
import { deepestBrackets, parsePrompt, type Reads } from "../../../../daemon/src/language/prompt/parse.ts";
import { promptPlan } from "../../../../daemon/src/language/prompt/plan.ts";
import { resolvePrompt } from "../../../../daemon/src/language/prompt/resolve.ts";
import { isGroup, type PromptNode } from "../../../../daemon/src/language/prompt/tree.ts";
import { numbersFrom } from "./numbers.ts";

const MB = 1024 * 1024;
const folder = fileURLToPath(new URL("../../../prompts/", import.meta.url));
const prompts = readdirSync(folder)
  .filter((name) => name.endsWith(".txt"))
  .flatMap((name) => readFileSync(`${folder}/${name}`, "utf8").match(/^> .*/gm)!)
  .map((line) => line.slice(2));

const files: Readonly<Record<string, readonly string[]>> = {
  colour: ["red", "2::{light|dark} blue", "__colour__", "<lora:x:1>(", "${season}]"],
  x: ["__colour__ [a:b:3]"],
};
const vars = new Map<string, string | readonly string[]>([["season", ["spring", "{a|b}", "${season}"]]]);

/** Reads, resolves, plans, and holds all ranges against the text. */
function read(text: string, seed: number): string {
  for (const reads of ["everything", "brackets"] satisfies Reads[]) {
    const { nodes, diagnostics } = parsePrompt(text, reads);
    covers(nodes, 0, text.length);
    for (const { range } of diagnostics) inside(range, 0, text.length);
  }
  const resolved = resolvePrompt(parsePrompt(text), {
    random: numbersFrom(seed),
    wildcards: (name) => files[name],
    vars,
  });
  for (const { range } of [...resolved.trace, ...resolved.diagnostics, ...resolved.loras, ...resolved.embeddings])
    inside(range, 0, text.length);
  promptPlan(resolved.text, { compat: "a1111", steps: 4, before: seed % 2 });
  const comfyui = attention(resolved.text, "comfyui");
  for (const { range } of comfyui.diagnostics) inside(range, 0, resolved.text.length);
  attention(resolved.text, "diffusers");
  return resolved.text;
}

/** The leaves of the nodes cover the stretch without a gap. */
function covers(nodes: readonly PromptNode[], start: number, end: number): void {
  let at = start;
  for (const node of nodes) {
    if (node.range.start !== at || node.range.end <= at) throw new Error(`a gap at ${at}: ${JSON.stringify(node)}`);
    if (isGroup(node)) covers(node.children, at, node.range.end);
    at = node.range.end;
  }
  if (at !== end) throw new Error(`covers up to ${at}, not ${end}`);
}

function inside({ start, end }: { start: number; end: number }, least: number, most: number): void {
  if (start < least || start > end || end > most) throw new Error(`${start}-${end} is not in ${least}-${most}`);
}

test("every prefix and suffix of every prompt reads without throwing", () => {
  for (const text of prompts)
    for (let at = 0; at <= text.length; at++) for (const part of [text.slice(0, at), text.slice(at)]) read(part, at);
});

const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 32);
const cases = Number(process.env["FUZZ_CASES"] ?? 100_000);

test(`${cases} mutants read without throwing, and the same twice (FUZZ_SEED=${seed})`, () => {
  const random = numbersFrom(seed);
  for (let i = 0; i < cases; i++) {
    const text = mutant(random);
    try {
      const once = read(text, i);
      if (i % 50 === 0) expect(read(text, i)).toBe(once);
    } catch (cause) {
      throw new Error(`case ${i} of seed ${seed}: ${JSON.stringify(text)}`, { cause });
    }
  }
});

const splinters = [
  ...Array.from("()[]{}<>|:\\$_\"'# \t\n\r\0\uFEFF\u2028\uD83D\uDE00aA1.+-"),
  "BREAK", " AND ", ":1.2)", ":0.5]", ":3]", "::", "2$$", "1-2$$, $$", "$$", "__colour__", "__x__", "__", "<lora:a:1>", "<lora:",
  "<embedding:b>", "${season}", "${", "\\(", "\\{", "🎈", "日本", "\r\n", "e\u0301", "{a|b}", "[a|b]", "[a:b:3]", "(a:1.2)", "((", "))",
]; // prettier-ignore

function mutant(random: () => number): string {
  const below = (n: number) => Math.floor(random() * n);
  let text = below(3) > 0 ? prompts[below(prompts.length)]! : "";
  for (let edits = 1 + below(12); edits > 0; edits--) {
    const at = below(text.length + 1);
    const piece = below(4) === 0 ? "" : splinters[below(splinters.length)]!;
    text = text.slice(0, at) + piece + text.slice(at + below(piece === "" ? 8 : 2));
  }
  return text;
}

test.each<[text: string, node: string, written: string]>([
  ["🎈🎈 (日本:1.2) x", "weight", "(日本:1.2)"],
  ["a\r\nb {c|\r\nd}\r\n", "choice", "{c|\r\nd}"],
  ["👩‍👩‍👧 __farbe/grün__", "wildcard", "__farbe/grün__"],
  ["𝒳 BREAK 𝒳", "break", "BREAK"],
  ["\uD83D [a:b:3]", "schedule", "[a:b:3]"],
  ["é̀ <lora:ü🎈:1>", "tag", "<lora:ü🎈:1>"],
])("ranges count UTF-16 units: %j", (text, kind, written) => {
  const node = parsePrompt(text).nodes.find((node) => node.kind === kind)!;
  expect(text.slice(node.range.start, node.range.end)).toBe(written);
});

test.each(["𝒳BREAK", "BREAK日", "xBREAK", "BREAK_", "ANDROID", "Break", "break"])("%s is a word of its own", (text) => {
  expect(parsePrompt(text).nodes.map(({ kind }) => kind)).toEqual(["text"]);
});

/** Milliseconds that reading takes, the best of five. */
function time(text: string): number {
  return Math.min(
    ...[1, 2, 3, 4, 5].map(() => {
      const start = performance.now();
      parsePrompt(text);
      return performance.now() - start;
    }),
  );
}

test.each([
  ["(", 100],
  ["[", 100],
  ["(((([", 100],
  ["{", 200],
  ["<a:", 200],
])("1 MB of %s reads in %i ms", (piece, milliseconds) => {
  expect(time(piece.repeat(MB / piece.length))).toBeLessThan(milliseconds);
});

const repeated = [
  "(", "[", "{", "<a:", ")", "]", "}", ":", "|", "\\", "_", "__a", "__a__", "${", "${a}", "()", "[a]", "{a|b}", "{1$$", "(a:1.2)",
  "((a:1.2)", "([", "(:", ":1 ", "[a:1", "[a|", "{a|", " AND ", "BREAK ", "BREAK", "a :1 AND ", "  ", "<lora:a>", "(a)b[c]", "🎈",
]; // prettier-ignore

test.each(repeated)("a quarter of a megabyte of %j takes time in proportion", (piece) => {
  const text = `${piece.repeat(MB / 4 / piece.length)}a`;
  const start = performance.now();
  read(text, 1);
  expect(performance.now() - start).toBeLessThan(5000); // minutes when quadratic
});

test.each<[head: string, piece: string, tail: string]>([
  ["(".repeat(deepestBrackets - 1), "|", ""],
  ["[".repeat(deepestBrackets), ")", ""],
  [`{${"(".repeat(deepestBrackets - 1)}`, "|", "}"],
  ["{".repeat(deepestBrackets), "|a", "}".repeat(deepestBrackets)],
  ["(".repeat(5000), "(a)[b]", ""],
  ["[".repeat(5000), "a", "]".repeat(5000)],
])("%#: deep and many", (head, piece, tail) => {
  const text = head + piece.repeat(MB / 8 / piece.length) + tail;
  const start = performance.now();
  read(text, 1);
  expect(performance.now() - start).toBeLessThan(3000);
});

test("brackets that are too deep stand for themselves, and the ones around them are read", () => {
  const deep = deepestBrackets + 3;
  const { nodes, diagnostics } = parsePrompt(`${"(".repeat(deep)}a${")".repeat(deep)} (b)`);
  expect(diagnostics.map(({ code }) => code)).toEqual(["too-deep"]);
  expect(nodes.map(({ kind }) => kind)).toEqual(["weight", "text", "weight"]);
});
