// CLIP token ids, string by string, against transformers' CLIPTokenizer.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { encodePadded, loadClipTokenizer } from "../../daemon/src/tokenizers/clip.ts";
import { referenceFolder } from "./reference.ts";

const readJson = (path: string): unknown => JSON.parse(readFileSync(path, "utf8"));

describe("the oracle's case", async () => {
  const folder = referenceFolder("clip_tokens", "clip_tokens");
  const tokenizer = await loadClipTokenizer(join(folder, "model/tokenizer"));
  const strings = readJson(join(folder, "expected/tokens.json")) as { text: string; ids: number[]; padded: number[] }[];
  test.each(strings.map((each, i) => [`${i} ${JSON.stringify(each.text.slice(0, 40))}`, each] as const))("%s", (_, each) => {
    expect([tokenizer.bos, ...tokenizer.encode(each.text), tokenizer.eos]).toEqual(each.ids);
    expect(encodePadded(tokenizer, each.text).ids).toEqual(each.padded);
  });
});

interface Variant {
  name: string;
  files: Record<string, object>;
  bos: number;
  eos: number;
  pad: number;
  vocabularySize: number;
  maxLength: number;
  rows: [ids: number[], cut: string | null][];
}

describe("other config files", () => {
  const source = join(import.meta.dirname, "clip_tokens/model/tokenizer");
  const recorded = readJson(join(import.meta.dirname, "clip_tokens/variants.json")) as { texts: string[]; variants: Variant[] };

  /** Writes a variant's folder; a tokenizer.json gets the vocabulary and merges the other layout has in files of their own. */
  function writeVariant(folder: string, { files }: Variant): void {
    const merges = readFileSync(join(source, "merges.txt"), "utf8").trim().split("\n").slice(1);
    const model = { type: "BPE", vocab: readJson(join(source, "vocab.json")), merges };
    if (!("tokenizer.json" in files)) for (const name of ["vocab.json", "merges.txt"]) cpSync(join(source, name), join(folder, name));
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(folder, name), JSON.stringify(name === "tokenizer.json" ? { ...content, model } : content));
  }

  test.each(recorded.variants.map((variant) => [variant.name, variant] as const))("%s", async (_, variant) => {
    const folder = mkdtempSync(join(tmpdir(), "tokenizer-"));
    writeVariant(folder, variant);
    const tokenizer = await loadClipTokenizer(folder);
    rmSync(folder, { recursive: true });
    const { bos, eos, pad, vocabularySize, maxLength } = variant;
    expect(tokenizer).toMatchObject({ bos, eos, pad, vocabularySize, maxLength });
    for (const [i, text] of recorded.texts.entries()) {
      const [ids, cut] = variant.rows[i]!;
      expect(tokenizer.encode(text), JSON.stringify(text)).toEqual(ids);
      expect(encodePadded(tokenizer, text).truncated ?? null, JSON.stringify(text)).toBe(cut);
    }
  });
});
