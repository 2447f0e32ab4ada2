// The word that was probably meant.
import { expect, test } from "vitest";
import { editDistance, nearest } from "../../../daemon/src/language/nearest.ts";

test.each<[word: string, meant: string | undefined]>([
  ["promt", "prompt"],
  ["prmopt", "prompt"],
  ["Prompt", "prompt"],
  ["negativePrompt", "negative_prompt"],
  ["negative prompt", "negative_prompt"],
  ["sed", "seed"],
  ["cfg-scale", "guidance_scale"],
  ["colour", undefined],
  ["x", undefined],
  ["", undefined],
  ["prompt".repeat(100), undefined],
])("%s is meant to be %s", (word, meant) => {
  const keys = ["prompt", "negative_prompt", "seed", "steps", "guidance_scale"];
  expect(nearest(word, keys, { cfg_scale: "guidance_scale", other: "not there" })).toBe(meant);
});

test.each<[a: string, b: string, distance: number]>([
  ["", "", 0],
  ["abc", "abc", 0],
  ["", "abc", 3],
  ["kitten", "sitting", 3],
  ["ab", "ba", 1],
  ["ca", "abc", 3],
  ["abcdef", "abdcef", 1],
])("from %s to %s it is %i edits", (a, b, distance) => {
  expect(editDistance(a, b)).toBe(distance);
  expect(editDistance(b, a)).toBe(distance);
});

test("counting stops at the limit", () => {
  expect(editDistance("abcdefgh", "zyxwvuts", 3)).toBe(3);
});
