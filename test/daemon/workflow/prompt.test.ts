// Prompts as one picture has them: choices and wildcards drawn from the seed, files beside the document and no others.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { drawPrompt } from "../../../daemon/src/workflow/prompt.ts";

const folder = mkdtempSync(join(tmpdir(), "prompts-"));
afterAll(() => rmSync(folder, { recursive: true }));
mkdirSync(join(folder, "wildcards", "sky"), { recursive: true });
writeFileSync(join(folder, "wildcards", "colour.txt"), "# colours\nred\n\n{dark|light} blue\n");
writeFileSync(join(folder, "wildcards", "sky", "time.txt"), "dawn\n");
writeFileSync(join(folder, "secret.txt"), "secret\n");
symlinkSync(join(folder, "secret.txt"), join(folder, "wildcards", "link.txt"));

function draw(prompt: string, seed: bigint): { text: string; warnings: string[] } {
  const warnings: string[] = [];
  const text = drawPrompt(prompt, { file: join(folder, "x.diffusion"), seed, onWarning: (w) => warnings.push(w) });
  return { text, warnings };
}

test("the same seed draws the same words, others draw others", () => {
  const prompt = "a {castle|lake|forest|city} in {spring|summer|autumn|winter}, {2$$, $$a|b|c}";
  expect(draw(prompt, 7n)).toEqual(draw(prompt, 7n));
  const drawn = new Set(Array.from({ length: 30 }, (_, i) => draw(prompt, BigInt(i)).text));
  expect(drawn.size).toBeGreaterThan(15);
  for (const text of drawn)
    expect(text).toMatch(/^a (castle|lake|forest|city) in (spring|summer|autumn|winter), [abc], [abc]$/);
});

test("wildcards are lines of files beside the document, in folders too", () => {
  const texts = Array.from({ length: 40 }, (_, i) => draw("a __colour__ sky at __sky/time__", BigInt(i)).text);
  expect([...new Set(texts)].sort()).toEqual([
    "a dark blue sky at dawn",
    "a light blue sky at dawn",
    "a red sky at dawn",
  ]);
});

test("a name with dots is no wildcard", () => expect(draw("a __../secret__", 1n).text).toBe("a __../secret__"));

test.each(["link", "nothing", "color"])(
  "__%s__ is nothing in the folder of wildcards: the run stops and names it",
  (name) => {
    expect(() => draw(`a __${name}__`, 1n)).toThrow(new RegExp(`^the prompt cannot be read: .*${name}`));
  },
);

test.each(["a castle <lora:style:0.8>", "<embedding:fox>"])("%s is refused by name", (prompt) => {
  expect(() => draw(prompt, 1n)).toThrow(/^<(lora|embedding):\w+> in a prompt is not available in this version/);
});
