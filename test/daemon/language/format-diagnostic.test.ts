// Diagnostics as the terminal shows them: columns of wide characters, tabs, long lines, other places, colours.
import { expect, test } from "vitest";
import { columns, formatDiagnostic } from "../../../daemon/src/language/format-diagnostic.ts";
import { applySet } from "../../../daemon/src/language/parse.ts";

/** The first problem of a text, shown. */
function show(text: string, sets: readonly string[] = [], color = false): string {
  const { diagnostics, lines } = applySet(text, sets);
  return formatDiagnostic(diagnostics[0]!, { file: "a.diffusion", text, lines, color });
}

test("a misspelt key", () => {
  expect(show("diffusion: 1\npromt: a cat # here\n")).toBe(
    [
      "a.diffusion:2:1: error[unknown-key]: unknown key `promt`; did you mean `prompt`?",
      "  2 | promt: a cat # here",
      "    | ^^^^^",
      "    = help: Change to `prompt`",
    ].join("\n"),
  );
});

test("a key written twice points at the first", () => {
  const [, ...rest] = show("diffusion: 1\nprompt: a\nprompt: b\n").split("\n");
  expect(rest).toEqual(["  3 | prompt: b", "    | ^^^^^^", "    = note: the first one is at a.diffusion:2:1"]);
});

test.each<[title: string, line: string, place: string, source: string, underline: string]>([
  [
    "wide characters",
    "output: {name: 山の湖, format: 画}",
    "3:29",
    "output: {name: 山の湖, format: 画}",
    `${" ".repeat(31)}^^`,
  ],
  ["emoji", "output: {name: 👩‍👩‍👧🎈, format: x}", "3:28", "output: {name: 👩‍👩‍👧🎈, format: x}", `${" ".repeat(29)}^`],
  [
    "accents apart",
    "output: {name: e\u0301, format: x}",
    "3:27",
    "output: {name: e\u0301, format: x}",
    `${" ".repeat(26)}^`,
  ],
  ["tabs", "sampler:\tx", "3:10", "sampler:    x", `${" ".repeat(12)}^`],
  [
    "what turns text around",
    "output: {name: a\u202Eb, format: x}",
    "3:29",
    "output: {name: a\uFFFDb, format: x}",
    `${" ".repeat(28)}^`,
  ],
  ["the end of a line", "sampler: ", "3:10", "sampler: ", `${" ".repeat(9)}^`],
])("the underline stands under %s", (_title, line, place, source, underline) => {
  const [head, ...rest] = show(`diffusion: 1\nprompt: a\n${line}\n`).split("\n");
  expect(head).toContain(`a.diffusion:${place}: error[`);
  expect(rest.slice(0, 2)).toEqual([`  3 | ${source}`, `    | ${underline}`]);
});

test("a long line is cut around the problem", () => {
  const text = `diffusion: 1\nworkflow: {a: {prompt: ${"x".repeat(5000)}, seed: no, negative_prompt: ${"y".repeat(5000)}}}\n`;
  const [head, source, underline] = show(text).split("\n");
  expect(head).toContain("a.diffusion:2:5032:");
  expect(source).toMatch(/^ {2}2 \| …x+, seed: no, negative_prompt: y+…$/);
  expect(source!.indexOf("no,")).toBe(underline!.indexOf("^^"));
  expect(columns(source!)).toBeLessThan(140);
});

test("a --set is its own place", () => {
  expect(show("diffusion: 1\nprompt: a\n", ["steps=0"])).toBe(
    [
      "--set steps=0: error[out-of-range]: `steps` must be from 1 to 1000, not 0",
      "  1 | steps=0",
      "    |       ^",
    ].join("\n"),
  );
});

test("colours are on the code and the underline only", () => {
  const shown = show("diffusion: 1\npromt: a\n", [], true);
  expect(shown).toContain("\u001b[1;31merror[unknown-key]\u001b[0m");
  expect(shown.replaceAll("\u001b[1;31m", "").replaceAll("\u001b[0m", "")).toBe(show("diffusion: 1\npromt: a\n"));
});

test("a file cannot steer the terminal", () => {
  const shown = show('diffusion: 1\nprompt: a\nsampler: "\\e[2J\\r\\n\u009b31m"\n');
  expect(shown.replaceAll("\n", "")).not.toMatch(/\p{Cc}/u);
});
