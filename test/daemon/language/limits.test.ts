// Reading never throws and takes time in proportion: prefixes, mutants, bombs, bottomless nesting, many keys.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Diagnostic, largestReport } from "../../../daemon/src/language/diagnostics.ts";
import { applySet, parse } from "../../../daemon/src/language/parse.ts";
import { resolve } from "../../../daemon/src/language/resolve.ts";
import { formatDiagnostic } from "../../../daemon/src/language/format-diagnostic.ts";
import { limits } from "../../../daemon/src/language/yaml.ts";

const MB = 1024 * 1024;
const folders = ["../../language/", "../../../media/examples/"].map((path) =>
  fileURLToPath(new URL(path, import.meta.url)),
);
const texts = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".diffusion"))
    .map((name) => readFileSync(`${folder}/${name}`, "utf8").replace(/^# (run )?(error|warning).*\n?/gm, "")),
);

/** Reads and resolves, and holds every range against the text. */
function read(text: string, sets: readonly string[] = []): readonly Diagnostic[] {
  const { diagnostics } = resolve(applySet(text, sets));
  for (const { range, place, message, fixes } of diagnostics) {
    const { length } = place?.text ?? text;
    for (const { start, end } of [range, ...(fixes ?? []).flatMap((fix) => fix.edits.map((edit) => edit.range))]) {
      if (start < 0 || start > end || end > length) throw new Error(`${start}-${end} of ${length}: ${message}`);
    }
  }
  return diagnostics;
}

/** Milliseconds that reading takes, the better of two. */
function time(text: string): number {
  return Math.min(
    ...[1, 2].map(() => {
      const start = performance.now();
      read(text);
      return performance.now() - start;
    }),
  );
}

test("every prefix of every example reads without throwing", () => {
  for (const text of texts) for (let end = 0; end <= text.length; end++) read(text.slice(0, end));
});

const seed = Number(process.env["FUZZ_SEED"] ?? Date.now() % 2 ** 32);
const cases = Number(process.env["FUZZ_CASES"] ?? 100_000);

test(`${cases} mutants read without throwing (FUZZ_SEED=${seed})`, () => {
  const random = generator(seed);
  for (let i = 0; i < cases; i++) {
    const text = mutate(texts[random(texts.length)]!, random);
    const sets = i % 10 === 0 ? [mutate("final.memory.vae=[tiled, ${x}]", random)] : [];
    try {
      const [first] = read(text, sets);
      if (first && i % 20 === 0) formatDiagnostic(first, { file: "x", text });
    } catch (cause) {
      throw new Error(`case ${i} of seed ${seed}: ${JSON.stringify(text)} ${JSON.stringify(sets)}`, { cause });
    }
  }
});

/** Whole numbers below n, from a seed (mulberry32). */
function generator(state: number): (n: number) => number {
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
}

const splinters = [
  ...Array.from("[]{},:#&*!|>'\"%@`-?\\ \t\n\r\0\uFEFF\u2028\uD83D$"),
  "- ", ": ", "? ", "<<: ", "&a ", "*a", "!!int ", "!!binary ", "---\n", "...\n", "%YAML 1.1\n", "${x}", "$a", "$a[1].b",
  "workflow:\n", "defaults: ", "vars: ", "task: ", "matrix: ", "seed: ", "diffusion: 1\n", "0x", "1e999", ".nan", "null", "~",
  "__proto__: ", "constructor: ", "🎈", "日本", "\r\n",
]; // prettier-ignore

function mutate(text: string, random: (n: number) => number): string {
  let mutant = text;
  for (let edits = 1 + random(6); edits > 0; edits--) {
    const at = random(mutant.length + 1);
    const kind = random(4);
    const cut = kind === 0 ? random(20) : kind === 1 ? 1 : 0;
    const piece =
      kind === 3
        ? text.slice(random(text.length), random(text.length)).slice(0, 200)
        : splinters[random(splinters.length)]!;
    mutant = mutant.slice(0, at) + (kind === 0 ? "" : piece) + mutant.slice(at + cut);
  }
  return mutant;
}

test.each<[title: string, text: string, milliseconds: number, code: string | undefined]>([
  ["1 MB of ( as a file", "(".repeat(MB), 100, "not-a-document"],
  ["1 MB of ( as a prompt", `diffusion: 1\nprompt: ${"(".repeat(MB)}`, 100, undefined],
  ["1 MB of [", `diffusion: 1\nprompt: ${"[".repeat(MB)}`, 100, "too-deep"],
  ["1 MB of {", "{".repeat(MB), 100, "too-deep"],
  ["half a million lists in one line", "- ".repeat(MB / 2), 100, "too-deep"],
  ["a file larger than is read", "#".repeat(limits.characters + 1), 10, "too-large"],
  ["1 MB of digits", `diffusion: 1\nprompt: a\nseed: ${"9".repeat(MB)}`, 1500, "out-of-range"],
  ["256 KB of ]", "]".repeat(MB / 4), 3000, "yaml-syntax"],
  ["256 KB of commas", `[${",".repeat(MB / 4)}`, 3000, "yaml-syntax"],
  [
    "60,000 aliases",
    `diffusion: 1\nprompt: a\nmatrix: {seed: &a [1], steps: [${"*a,".repeat(60_000)}]}`,
    6000,
    "too-many-aliases",
  ],
  ["aliases of aliases", bomb(), 100, "too-many-aliases"],
  ["variables of variables", `diffusion: 1\nvars:\n${swelling()}prompt: a`, 1500, "too-large"],
  [
    "a variable 100,000 times",
    `diffusion: 1\nvars: {a: ${"x".repeat(10_000)}}\nprompt: ${"${a}".repeat(100_000)}`,
    1500,
    "too-large",
  ],
  ["100,000 unknown variables", `diffusion: 1\nprompt: ${"${a}".repeat(100_000)}`, 3000, "unknown-variable"],
])("%s", (_title, text, milliseconds, code) => {
  const codes = resolve(parse(text)).diagnostics.map((diagnostic) => diagnostic.code);
  if (code === undefined) expect(codes).toEqual([]);
  else expect(codes).toContain(code);
  expect(time(text)).toBeLessThan(milliseconds);
});

/** Nine times nine times nine … of a list. */
function bomb(): string {
  const line = (i: number) => `  a${i}: &a${i} [${Array.from({ length: 9 }, () => `*a${i - 1}`).join(", ")}]\n`;
  return `diffusion: 1\nprompt: a\nvars:\n  a0: &a0 [x]\n${Array.from({ length: 20 }, (_, i) => line(i + 1)).join("")}`;
}

/** Each variable ten times the one before. */
function swelling(): string {
  const line = (i: number) => `  v${i}: ${`\${v${i - 1}}`.repeat(10)}x\n`;
  return `  v0: abcdefghij\n${Array.from({ length: 20 }, (_, i) => line(i + 1)).join("")}`;
}

test.each<[title: string, n: number, many: (n: number) => string]>([
  ["unknown keys", 50_000, (n) => `diffusion: 1\n${lines(n, (i) => `key${i}: ${i}\n`)}`],
  ["duplicate keys", 50_000, (n) => `diffusion: 1\n${"prompt: a\n".repeat(n)}`],
  ["variables", 50_000, (n) => `diffusion: 1\nprompt: a\nvars:\n${lines(n, (i) => `  v${i}: ${i}\n`)}`],
  ["nodes", 10_000, (n) => `diffusion: 1\nworkflow:\n${lines(n, (i) => `  n${i}: {prompt: a}\n`)}`],
  [
    "nodes in a row",
    10_000,
    (n) => `diffusion: 1\nworkflow:\n${lines(n, (i) => `  n${i}: {prompt: a, image: $n${i + 1}}\n`)}`,
  ],
  [
    "circles",
    10_000,
    (n) => `diffusion: 1\nworkflow:\n${lines(n, (i) => `  n${i}: {prompt: a, image: $n${i ^ 1}}\n`)}`,
  ],
])("many %s take time in proportion", (_title, n, many) => {
  const [few, lots] = [time(many(n / 5)), time(many(n))];
  expect(lots).toBeLessThan(5000);
  expect(lots / few).toBeLessThan(15); // 5 when linear, 25 when quadratic
});

function lines(n: number, line: (i: number) => string): string {
  return Array.from({ length: n }, (_, i) => line(i)).join("");
}

test("more problems than are listed end in one that says so", () => {
  const { diagnostics } = parse(`diffusion: 1\nprompt: a\n${lines(2000, (i) => `x${i}: 1\n`)}`);
  expect(diagnostics).toHaveLength(largestReport + 1);
  expect(diagnostics.map(({ code }) => code)).toContain("too-many-problems");
});
