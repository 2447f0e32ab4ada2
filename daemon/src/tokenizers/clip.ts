// CLIP's tokenizer: byte-level BPE with an end-of-word mark, over @huggingface/tokenizers, equal to transformers 5's CLIPTokenizer.
import { Tokenizer } from "@huggingface/tokenizers";
import { readClipTokenizerFiles, type AddedToken, type ClipTokenizerFiles } from "./clip-files.ts";

export interface ClipTokenizer {
  /** Ids of a text, without bos and eos; special tokens written in the text are found. Half surrogates count as U+FFFD. */
  encode(text: string): number[];
  /** The text of ids, special tokens included, words joined by single blanks. */
  decode(ids: readonly number[]): string;
  readonly bos: number;
  readonly eos: number;
  readonly pad: number;
  /** Ids in a padded row, bos and eos included: 77. */
  readonly maxLength: number;
  /** Tokens, added ones included: rows the embedding must have. */
  readonly vocabularySize: number;
}

/** The part of the library used here; its published types do not resolve under Node's rules for modules. */
interface Bpe {
  encode(text: string, options: { add_special_tokens: boolean }): { ids: number[] };
  decode(ids: number[], options: { clean_up_tokenization_spaces: boolean }): string;
}
const BpeTokenizer = Tokenizer as unknown as new (definition: object, config: object) => Bpe;

/**
 * Loads the tokenizer of a folder that holds tokenizer.json, or vocab.json and merges.txt.
 * @throws DiffusionError `model-invalid`, `file-not-found`, `file-unreadable`
 */
export async function loadClipTokenizer(folder: string): Promise<ClipTokenizer> {
  const files = await readClipTokenizerFiles(folder);
  const { bos, eos, pad, maxLength } = files;
  const ids = idsOf(files);
  const bpe = new BpeTokenizer(definition(files, ids), {});
  const sections = rawSplitter(files.added);
  const encodeSection = (text: string): number[] => bpe.encode(composed(text), { add_special_tokens: false }).ids;
  return {
    encode: (text) =>
      sections(text.toWellFormed()).flatMap(({ token, text }) => (token ? [ids.get(text)!] : encodeSection(text))),
    decode: (list) => (list.length === 0 ? "" : strip(bpe.decode([...list], { clean_up_tokenization_spaces: false }))),
    bos: ids.get(bos)!,
    eos: ids.get(eos)!,
    pad: ids.get(pad)!,
    maxLength,
    vocabularySize: ids.size,
  };
}

/**
 * The NFC form. Node needs quadratic time for long rows of combining marks, so a row of more than 64 is composed in parts,
 * which leaves its marks in another order than Rust does.
 */
function composed(text: string): string {
  if (!/\p{M}{65}/u.test(text)) return text.normalize("NFC");
  return text.replace(/\P{M}*\p{M}{0,64}/gu, (part) => part.normalize("NFC"));
}

/** Without blanks at both ends, as Python counts blanks (U+FEFF is none). */
function strip(text: string): string {
  const isBlank = (c: string) => /\p{White_Space}/u.test(c) || (c >= "\x1c" && c <= "\x1f");
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start]!)) start++;
  while (end > start && isBlank(text[end - 1]!)) end--;
  return text.slice(start, end);
}

/** One row of `maxLength` ids with bos and eos, as diffusers makes it, and the text that did not fit as it prints it. */
export function encodePadded(tokenizer: ClipTokenizer, text: string): { ids: number[]; truncated: string | undefined } {
  const ids = tokenizer.encode(text);
  const room = tokenizer.maxLength - 2;
  return {
    ids: framed(tokenizer, ids.slice(0, room)),
    truncated: ids.length > room ? tokenizer.decode(ids.slice(room)) : undefined,
  };
}

/** A row of `maxLength` ids, and how strongly each shall count: 1 for bos, eos and padding. */
export interface WeightedRow {
  readonly ids: readonly number[];
  readonly weights: readonly number[];
}

/** Words of one weight. */
interface Piece {
  readonly text: string;
  readonly weight: number;
}

/** A token beside its weight. */
type Weighted = readonly [id: number, weight: number];

/** Tokens behind the last comma that move to the next row rather than being torn from what follows. */
const COMMA_BACKTRACK = 20;

/**
 * Rows of 75 tokens for any number of words: a full row ends at its last comma, if that is near, and each chunk begins a row of its
 * own. There is at least one row. (AUTOMATIC1111 stable-diffusion-webui modules/sd_hijack_clip.py, tokenize_line)
 */
export function rowsByComma(tokenizer: ClipTokenizer, chunks: readonly (readonly Piece[])[]): WeightedRow[] {
  const room = tokenizer.maxLength - 2;
  const [comma] = tokenizer.encode(",");
  const rows = chunks.flatMap((pieces) => {
    const filled: Weighted[][] = [];
    let row: Weighted[] = [];
    for (const token of weightedTokens(tokenizer, pieces)) {
      if (row.length === room) {
        const afterComma = row.findLastIndex(([id]) => id === comma) + 1;
        const near = token[0] !== comma && afterComma > 0 && room - afterComma < COMMA_BACKTRACK;
        filled.push(near ? row.slice(0, afterComma) : row);
        row = near ? row.slice(afterComma) : [];
      }
      row.push(token);
    }
    return row.length > 0 || filled.length === 0 ? [...filled, row] : filled;
  });
  return rows.map((row) => weightedRow(tokenizer, row));
}

/** Tokens of a word from which on it may be torn. */
const LARGE_WORD = 8;

/** Rows that tear no word of fewer than eight tokens. (ComfyUI comfy/sd1_clip.py, tokenize_with_weights) */
export function rowsByWord(tokenizer: ClipTokenizer, pieces: readonly Piece[]): WeightedRow[] {
  const room = tokenizer.maxLength - 2;
  const rows: Weighted[][] = [[]];
  for (const { text, weight } of pieces)
    for (const word of text.replaceAll("\n", " ").split(" ")) {
      let tokens = weightedTokens(tokenizer, [{ text: word, weight }]);
      while (rows.at(-1)!.length + tokens.length > room) {
        const left = tokens.length >= LARGE_WORD ? room - rows.at(-1)!.length : 0;
        rows.at(-1)!.push(...tokens.slice(0, left));
        tokens = tokens.slice(left);
        rows.push([]);
      }
      rows.at(-1)!.push(...tokens);
    }
  return rows.map((row) => weightedRow(tokenizer, row));
}

/** The row of no words. */
export const emptyRow = (tokenizer: ClipTokenizer): WeightedRow => weightedRow(tokenizer, []);

const weightedTokens = (tokenizer: ClipTokenizer, pieces: readonly Piece[]): Weighted[] =>
  pieces.flatMap(({ text, weight }) => tokenizer.encode(text).map((id): Weighted => [id, weight]));

function weightedRow(tokenizer: ClipTokenizer, tokens: readonly Weighted[]): WeightedRow {
  const ids = framed(
    tokenizer,
    tokens.map(([id]) => id),
  );
  return { ids, weights: ids.map((_, i) => tokens[i - 1]?.[1] ?? 1) };
}

/** bos, ids, eos, then pad up to `maxLength`. */
function framed({ bos, eos, pad, maxLength }: ClipTokenizer, ids: readonly number[]): number[] {
  return [bos, ...ids, eos, ...Array<number>(Math.max(0, maxLength - 2 - ids.length)).fill(pad)];
}

/** The ids of all tokens; added ones that the vocabulary lacks come after it. */
function idsOf({ vocabulary, added }: ClipTokenizerFiles): Map<string, number> {
  const ids = new Map(Object.entries(vocabulary));
  for (const { content } of added) if (!ids.has(content)) ids.set(content, ids.size);
  return ids;
}

/**
 * Cuts a text at the added tokens that are looked for in the raw text. The library would do it, but it also takes a whole
 * section for such a token when only its lower case is one (`<|ENDOFTEXT|>`).
 */
function rawSplitter(added: readonly AddedToken[]): (text: string) => { token: boolean; text: string }[] {
  const contents = added.filter(({ normalized }) => !normalized).map(({ content }) => content);
  if (contents.length === 0) return (text) => [{ token: false, text }];
  const longestFirst = contents
    .sort((a, b) => b.length - a.length)
    .map((content) => content.replace(/[^\p{L}\p{N}]/gu, "\\$&"));
  const pattern = new RegExp(`(${longestFirst.join("|")})`);
  return (text) => text.split(pattern).map((section, i) => ({ token: i % 2 === 1, text: section }));
}

const PIECES = String.raw`'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+`;

const split = (regex: string) => ({ type: "Split", pattern: { Regex: regex }, behavior: "Removed", invert: true });

/**
 * The object tokenizer.json would hold, changed in three places to give what the Rust library gives:
 * - NFC comes before it (see `composed`).
 * - Rust lower-cases letter by letter; JavaScript makes the last sigma of a word ς. So Σ is lowered before.
 * - The byte-level step splits once more, with JavaScript's `\s` (it counts U+FEFF, not U+0085). So a second Split stands in.
 *
 * What stays different: Node knows letters of Unicode 17 and combining marks younger than Unicode 9, Rust's tables do not.
 */
function definition({ merges, unknown, added }: ClipTokenizerFiles, ids: ReadonlyMap<string, number>) {
  return {
    version: "1.0",
    added_tokens: added
      .filter(({ normalized }) => normalized)
      .map(({ content }) => ({ content: content.normalize("NFC"), normalized: true, id: ids.get(content)! })),
    normalizer: {
      type: "Sequence",
      normalizers: [
        { type: "Replace", pattern: { Regex: String.raw`\s+` }, content: " " },
        { type: "Replace", pattern: { String: "Σ" }, content: "σ" },
        { type: "Lowercase" },
      ],
    },
    pre_tokenizer: {
      type: "Sequence",
      pretokenizers: [
        split(String.raw`<\|startoftext\|>|<\|endoftext\|>|` + PIECES),
        split(PIECES),
        { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false },
      ],
    },
    post_processor: null,
    decoder: { type: "ByteLevel" },
    model: {
      type: "BPE",
      unk_token: unknown,
      continuing_subword_prefix: "",
      end_of_word_suffix: "</w>",
      vocab: Object.fromEntries(ids),
      merges,
    },
  };
}
