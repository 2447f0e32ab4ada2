// Weights, parts and schedules against what A1111 and ComfyUI make of the same prompts.
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { attention, type PromptCompat } from "../../../../daemon/src/language/prompt/attention.ts";
import { promptParts } from "../../../../daemon/src/language/prompt/compose.ts";
import { promptSchedule } from "../../../../daemon/src/language/prompt/schedule.ts";

type Weighted = readonly (readonly [text: string, weight: number])[];
type Texts = readonly (readonly [until: number, text: string])[];

interface Case {
  readonly prompt: string;
  readonly attention: readonly Weighted[];
  readonly comfyui: Weighted;
  readonly parts: Weighted;
  readonly schedule?: Texts;
  readonly secondPass?: Texts;
}

/** The first line says how they were made. */
const [, ...lines] = readFileSync(new URL("../../../prompts/reference.jsonl", import.meta.url), "utf8")
  .trim()
  .split("\n");
const cases = lines.map((line) => JSON.parse(line) as Case);

const chunks = (text: string, compat: PromptCompat) =>
  attention(text, compat).chunks.map((pieces) => pieces.map((piece) => [piece.text, piece.weight]));
const texts = (text: string, before: number) => promptSchedule(text, 10, before).map((t) => [t.until, t.text]);

test.each(cases)("$prompt", ({ prompt, ...reference }) => {
  expect(chunks(prompt, "a1111")).toEqual(reference.attention);
  expect(chunks(prompt, "comfyui")).toEqual([reference.comfyui]);
  expect(promptParts(prompt).map(({ text, weight }) => [text, weight])).toEqual(reference.parts);
  if (reference.schedule) expect(texts(prompt, 0)).toEqual(reference.schedule);
  if (reference.secondPass) expect(texts(prompt, 10)).toEqual(reference.secondPass);
});

test("a bar in a schedule is text, as A1111's own example has it", () => {
  expect(texts("a [{b|d{:.5] c", 0)).toEqual([
    [5, "a  c"],
    [10, "a {b|d{ c"],
  ]);
});

// A1111's grammar has no bracket with colons left over, and no schedule around one.
test.each(["[a [b:c]:3]", "[a (b:c:d):3]", "[a (b:3]", "([a:b:3)]", "[a:b:c:3]", "[[a:b]:[c:d]:3]"])(
  "%s is no schedule",
  (prompt) => expect(texts(prompt, 0)).toEqual([[10, prompt]]),
);
