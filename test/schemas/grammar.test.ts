// The TextMate grammar, run by the tokeniser of VS Code: expectations beside the input, and no rule that runs on for ever.
import { readdirSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import oniguruma from "vscode-oniguruma";
import textmate from "vscode-textmate";
import { parse } from "../../daemon/src/language/parse.ts";
import { headKeys, keysOf, samplers, tasks } from "../../schemas/document/index.ts";
import { diffusionGrammar } from "../../schemas/grammar/grammar.ts";

const wasm = readFileSync(createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm"));
await oniguruma.loadWASM(Uint8Array.from(wasm).buffer);
const registry = new textmate.Registry({
  onigLib: Promise.resolve({
    createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text) => new oniguruma.OnigString(text),
  }),
  loadGrammar: () => Promise.resolve(textmate.parseRawGrammar(JSON.stringify(diffusionGrammar()), "grammar.json")),
});
const grammar = (await registry.loadGrammar("source.diffusion"))!;

interface Token {
  readonly text: string;
  readonly line: number;
  readonly scopes: readonly string[];
}

/** Every token of a text that is more than space. */
function tokenise(text: string): Token[] {
  let state = textmate.INITIAL;
  return text.split(/\r?\n/).flatMap((line, number) => {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, state);
    state = ruleStack;
    return tokens
      .map(({ startIndex, endIndex, scopes }) => ({ text: line.slice(startIndex, endIndex), line: number, scopes }))
      .filter((token) => token.text.trim() !== "");
  });
}

/** `text scope`, the innermost scope without its ending. */
const shown = ({ text, scopes }: Token): string => `${text.trim()} ${scopes.at(-1)!.replace(/\.diffusion$/, "")}`;

/** Tokens that have to be there, in this order; others may stand between. */
function check(text: string, ...expected: string[]): void {
  const found = tokenise(text).map(shown);
  let at = 0;
  const inOrder = expected.filter((wanted) => {
    const next = found.indexOf(wanted, at);
    if (next >= 0) at = next + 1;
    return next >= 0;
  });
  expect(inOrder, found.join("\n")).toEqual(expected);
}

const key = "entity.name.tag";
const word = "support.constant.property-value";
const plain = "string.unquoted.plain";
const weight = "constant.numeric.weight.prompt";

test.each<[text: string, ...expected: string[]]>([
  [
    "diffusion: 1 # why",
    `diffusion ${key}`,
    ": punctuation.separator.key-value.mapping",
    "1 constant.numeric",
    "# punctuation.definition.comment",
    "why comment.line.number-sign",
  ],
  ["sampler: dpmpp_2m_sde", `sampler ${key}`, `dpmpp_2m_sde ${word}`],
  ["sampler: eulr", `sampler ${key}`, `eulr ${plain}`],
  ["seed: random", `random ${word}`],
  ["memory: {vae: tiled, attention: fused}", `vae ${key}`, `tiled ${word}`, `fused ${word}`],
  ["colour: red", "colour entity.name.section", `red ${plain}`],
  ['"a b": 1', '"a b" entity.name.section', "1 constant.numeric"],
  ["seed: 18446744073709551615", "18446744073709551615 constant.numeric"],
  ["learning_rate: 1e-4", "1e-4 constant.numeric"],
  ["size: 512x768", `512x768 ${plain}`],
  ["consent: true", "true constant.language"],
  ["title: it's 5 o'clock#1", `it's 5 o'clock#1 ${plain}`],
  ["title: a # b", `a ${plain}`, "b comment.line.number-sign"],
  ["image: $draft", "$ punctuation.definition.variable", "draft variable.other.node"],
  [
    "a: {image: $draft[2].mask}",
    "draft variable.other.node",
    "2 constant.numeric.index",
    "mask variable.other.property",
  ],
  ['image: "$draft"', "draft variable.other.node"],
  ["steps: ${n}", "${ punctuation.definition.template-expression.begin", "n variable.other.readwrite"],
  [
    "memory: &m {vae: tiled}\ncache: *m",
    "& keyword.control.anchor",
    "m entity.name.type.anchor",
    "* keyword.control.anchor",
  ],
  [
    "loras:\n  - file: x\n    weight: 2",
    "- punctuation.definition.block.sequence.item",
    `file ${key}`,
    "2 constant.numeric",
  ],
  [
    "title: |\n  # no comment ${a}\nseed: 1",
    "# no comment string.unquoted.block",
    "a variable.other.readwrite",
    "1 constant.numeric",
  ],
])("%s", (text, ...expected) => check(text, ...expected));

describe("in a prompt", () => {
  const syntax: [text: string, ...expected: string[]][] = [
    [
      "(red:1.2) x",
      "( punctuation.section.emphasis.begin.prompt",
      `1.2 ${weight}`,
      ") punctuation.section.emphasis.end.prompt",
    ],
    ["((x)) \\(y", "x meta.emphasis.prompt", "\\( constant.character.escape.prompt"],
    ["a BREAK b", "BREAK keyword.control.prompt"],
    ["a AND b :0.7", "AND keyword.control.prompt", `0.7 ${weight}`],
    [
      "x [from:to:0.5]",
      ": keyword.operator.schedule.prompt",
      ": keyword.operator.schedule.prompt",
      "0.5 constant.numeric.step.prompt",
    ],
    ["x [word::10]", ":: keyword.operator.schedule.prompt", "10 constant.numeric.step.prompt"],
    ["x [a|b]", "| keyword.operator.alternation.prompt"],
    [
      "<lora:my name:0.8> x",
      "lora entity.name.function.adapter.prompt",
      "my name variable.other.adapter.prompt",
      `0.8 ${weight}`,
    ],
    ["<embedding:bad> x", "bad variable.other.adapter.prompt"],
    ["__dark_colour__ x", "dark_colour variable.other.wildcard.prompt"],
    ["x ${place}", "place variable.other.readwrite"],
  ];
  const choices: [text: string, ...expected: string[]][] = [
    [
      "x {a|2::b|c}",
      "{ punctuation.section.choice.begin.prompt",
      "| keyword.operator.choice.prompt",
      `2 ${weight}`,
      ":: keyword.operator.weight.prompt",
    ],
    ["x {2$$, $$a|b}", "2 constant.numeric.quantity.prompt", "$$ keyword.operator.quantity.prompt"],
  ];
  const inFlow = syntax.filter(([text]) => !/[{[\]]/.test(text));
  test.each([...syntax, ...choices])("plain: %s", (text, ...expected) =>
    check(`prompt: ${text}\nseed: 1`, ...expected, "1 constant.numeric"),
  );
  test.each([...syntax, ...choices])("below its key: %s", (text, ...expected) =>
    check(`a:\n  prompt:\n    ${text}\n  seed: 1`, ...expected, "1 constant.numeric"),
  );
  test.each([...syntax, ...choices])("block: %s", (text, ...expected) =>
    check(`- prompt: >-\n    x\n    ${text}\n  seed: 1`, ...expected, "1 constant.numeric"),
  );
  test.each([...syntax, ...choices])("single: %s", (text, ...expected) =>
    check(`prompt: '${text}'\nseed: 1`, ...expected, "1 constant.numeric"),
  );
  test.each([...syntax, ...choices])("double: %s", (...lines) => {
    const [text, ...expected] = lines.map((line) => line.replaceAll("\\", "\\\\"));
    check(`a: {prompt: "${text!}", seed: 1}`, ...expected, "1 constant.numeric");
  });
  test.each(inFlow)("in braces: %s", (text, ...expected) =>
    check(`a: {prompt: ${text}, seed: 1}`, ...expected, "1 constant.numeric"),
  );
  test.each(inFlow)("in a list: %s", (text, ...expected) =>
    check(`sample_prompts: [${text}, x]\nseed: 1`, ...expected, "1 constant.numeric"),
  );
});

test.each([
  "prompt: a (b",
  "prompt: a [b",
  "prompt: a {b",
  'prompt: "a (b [c {d"',
  "prompt: 'it''s (b'",
  "a: {prompt: a (b}",
  "prompt: a (b # c",
  'prompt: "a \\"(b"',
])("%s, left open, ends with the prompt", (text) => check(`${text}\nseed: 1`, `seed ${key}`, "1 constant.numeric"));

const folders = ["../language/", "../../media/examples/"].map((path) => fileURLToPath(new URL(path, import.meta.url)));
const files = folders.flatMap((folder) =>
  readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".diffusion"))
    .map((name) => [name, readFileSync(`${folder}${name}`, "utf8")] as const),
);
const readable = files.filter(([, text]) => !parse(text).diagnostics.some(({ code }) => code.startsWith("yaml-")));

test.each(readable)("every comment line of %s is a comment, and every key has the scope of one", (_name, text) => {
  const tokens = tokenise(text);
  const lines = text.split(/\r?\n/);
  for (const [number, line] of lines.entries()) {
    const first = tokens.find((token) => token.line === number)?.scopes.join(" ");
    if (line.startsWith("#")) expect(first, line).toContain("comment.line");
    if (/^(?:diffusion|task|prompt|seed|workflow):/.test(line)) expect(first, line).toContain(key);
  }
});

test("every key and every sampler of the schema is known", () => {
  for (const name of [headKeys, ...tasks.map(keysOf)].flatMap(Object.keys)) check(`${name}: x`, `${name} ${key}`);
  for (const name of Object.keys(samplers)) check(`sampler: ${name}`, `${name} ${word}`);
});

test("a long line takes time in proportion", () => {
  const time = (n: number): number => {
    const start = performance.now();
    tokenise(`prompt: ${"a (b:1.1) [c|d] ".repeat(n)}\ntitle: ${"word ".repeat(n)}`);
    return performance.now() - start;
  };
  time(100);
  expect(time(1000) / time(100)).toBeLessThan(50); // 10 when linear, 100 when quadratic
});
