// The CLIP tokenizer: rows and chunks, hostile prompts, broken folders.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  encodePadded,
  rowsByComma,
  rowsByWord,
  loadClipTokenizer,
  type ClipTokenizer,
} from "../../../daemon/src/tokenizers/clip.ts";

const BOS = "<|startoftext|>";
const EOS = "<|endoftext|>";
const root = mkdtempSync(join(tmpdir(), "clip-"));
afterAll(() => rmSync(root, { recursive: true }));

/** A folder with the given files; objects are written as JSON. */
function folderOf(files: Record<string, unknown>): string {
  const folder = mkdtempSync(join(root, "tokenizer-"));
  for (const [name, content] of Object.entries(files))
    writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  return folder;
}

/** Printable ASCII letters and digits, each alone and at the end of a word, and the merge `fo`. */
const characters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
const vocabulary = Object.fromEntries(
  [...characters, ...characters.map((c) => `${c}</w>`), "fo", BOS, EOS].map((token, i) => [token, i]),
);
const files = { "vocab.json": vocabulary, "merges.txt": "#version: 0.2\nf o\n" };

let tokenizer: ClipTokenizer;
beforeAll(async () => {
  tokenizer = await loadClipTokenizer(folderOf(files));
});
const idsOf = (...tokens: string[]): number[] => tokens.map((token) => vocabulary[token]!);

describe("encode", () => {
  test.each([
    ["", []],
    ["  \t\n ", []],
    ["FOX", ["fo", "x</w>"]],
    ["f o", ["f</w>", "o</w>"]],
    ["fo7x", ["f", "o</w>", "7</w>", "x</w>"]],
    [`fo${EOS}x`, ["f", "o</w>", EOS, "x</w>"]],
    ["it's", ["i", "t</w>", "'", "s</w>"]],
    ["\u{d800}", [EOS, EOS, EOS]], // bytes of U+FFFD, which this vocabulary lacks
  ] as [string, string[]][])("%j", (text, tokens) => expect(tokenizer.encode(text)).toEqual(idsOf(...tokens)));
});

describe("rows", () => {
  const [bos, eos, a] = idsOf(BOS, EOS, "a</w>") as [number, number, number];
  const times = (n: number, id: number): number[] => Array<number>(n).fill(id);
  const words = (n: number): string => Array<string>(n).fill("a").join(" ");

  test.each([
    [0, undefined, [[bos, ...times(76, eos)]]],
    [75, undefined, [[bos, ...times(75, a), eos]]],
    [
      76,
      "a",
      [
        [bos, ...times(75, a), eos],
        [bos, a, ...times(75, eos)],
      ],
    ],
    [
      152,
      words(77),
      [
        [bos, ...times(75, a), eos],
        [bos, ...times(75, a), eos],
        [bos, a, a, ...times(74, eos)],
      ],
    ],
  ] as [number, string | undefined, number[][]][])("%i words", (n, truncated, chunks) => {
    expect(encodePadded(tokenizer, words(n))).toEqual({ ids: chunks[0], truncated });
    const rows = rowsByComma(tokenizer, [[{ text: words(n), weight: 1 }]]);
    expect(rows.map(({ ids }) => ids)).toEqual(chunks);
  });
});

describe("rows of weighted words", () => {
  const [a, comma] = idsOf("a</w>", ",</w>") as [number, number];

  test("end at a comma that is near, but not at one far away", () => {
    const near = [{ text: `${Array(60).fill("a").join(" ")}, ${Array(20).fill("a").join(" ")}`, weight: 1 }];
    expect(rowsByComma(tokenizer, [near]).map((row) => row.ids.filter((id) => id === a).length)).toEqual([60, 20]);
    const far = [{ text: `${Array(40).fill("a").join(" ")}, ${Array(40).fill("a").join(" ")}`, weight: 1 }];
    expect(rowsByComma(tokenizer, [far]).map((row) => row.ids.filter((id) => id === a).length)).toEqual([74, 6]);
    expect(rowsByComma(tokenizer, [near])[0]!.ids[61]).toBe(comma);
  });

  test("begin anew with each chunk, and carry each word's weight", () => {
    const rows = rowsByComma(tokenizer, [
      [
        { text: "a", weight: 1.5 },
        { text: "a", weight: 0.5 },
      ],
      [{ text: "a", weight: 2 }],
    ]);
    expect(rows.map(({ weights }) => weights.slice(0, 4))).toEqual([
      [1, 1.5, 0.5, 1],
      [1, 2, 1, 1],
    ]);
  });

  test("tear no word of few tokens under ComfyUI's rule", () => {
    const word = "qzx"; // not in the tiny vocabulary: a token a letter
    const length = tokenizer.encode(word).length;
    expect(length).toBeGreaterThan(1);
    const [first, second] = rowsByWord(tokenizer, [{ text: `${Array(74).fill("a").join(" ")} ${word}`, weight: 1 }]);
    expect(first!.ids.filter((id) => id === a)).toHaveLength(74);
    expect(second!.ids.slice(1, 1 + length)).toEqual(tokenizer.encode(word));
  });
});

describe("a quarter of a megabyte is read in linear time", () => {
  test.each(["x", "fox ", " ", "!", "🦊", "\u{d800}", "\u0301", "\u0316\u0301", EOS, "<|endoftext", "'"])(
    "of %j",
    (piece) => {
      const start = performance.now();
      encodePadded(tokenizer, `a${piece.repeat(250_000 / piece.length)}`);
      expect(performance.now() - start).toBeLessThan(8_000);
    },
  );
});

describe("broken folders", () => {
  test.each([
    ["nothing in it", {}, /neither tokenizer\.json nor vocab\.json and merges\.txt/],
    ["no merges", { "vocab.json": vocabulary }, /neither/],
    ["a vocabulary that is a list", { ...files, "vocab.json": [1] }, /vocab\.json holds no vocabulary/],
    ["a huge id", { ...files, "vocab.json": { a: 1e12 } }, /the id of token "a"/],
    ["an id that is text", { ...files, "vocab.json": { a: "1" } }, /the id of token "a"/],
    ["a merge of three", { ...files, "merges.txt": "#version: 0.2\na b\na b c\n" }, /merges\.txt: merge 2/],
    [
      "JSON that ends early",
      { ...files, "tokenizer_config.json": '{"bos_token":' },
      /tokenizer_config\.json:1:14: not valid JSON/,
    ],
    ["a tokenizer.json without model", { "tokenizer.json": {} }, /holds no BPE model/],
  ])("%s", (_, broken, message) => expect(loadClipTokenizer(folderOf(broken))).rejects.toThrow(message));

  test("no folder", () =>
    expect(loadClipTokenizer(join(root, "absent"))).rejects.toMatchObject({ code: "model-invalid" }));

  test("keys named __proto__ are tokens like others", async () => {
    const odd = JSON.stringify(vocabulary).replace("{", `{"__proto__":${Object.keys(vocabulary).length},`);
    const other = await loadClipTokenizer(folderOf({ ...files, "vocab.json": odd }));
    expect(other.vocabularySize).toBe(Object.keys(vocabulary).length + 1);
    expect(other.encode("fox")).toEqual(idsOf("fo", "x</w>"));
  });
});
