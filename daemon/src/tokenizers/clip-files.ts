// What the files of a CLIP tokenizer's folder say, in either published layout, resolved as transformers 5 resolves them.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { DiffusionError } from "../base/errors.ts";
import { reason } from "../base/files.ts";
import { readJson } from "../base/json.ts";

/**
 * A token that is found in the text before anything is split. `lstrip`, `rstrip` and `single_word` are left out:
 * no published CLIP tokenizer sets them.
 */
export interface AddedToken {
  readonly content: string;
  /** Found after normalisation, so in any case of letters; else in the raw text. */
  readonly normalized: boolean;
}

export interface ClipTokenizerFiles {
  readonly vocabulary: Readonly<Record<string, number>>;
  readonly merges: readonly (readonly [string, string])[];
  /** One for each content, in the order they get ids. */
  readonly added: readonly AddedToken[];
  readonly bos: string;
  readonly eos: string;
  readonly unknown: string;
  readonly pad: string;
  readonly maxLength: number;
}

type Json = Readonly<Record<string, unknown>>;
/** A special token in a config: its text, or with flags. */
type Named = string | AddedToken;

const MAX_MERGES_BYTES = 32 * 1024 * 1024;
const LENGTH = 77;
const NAMED = ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"] as const;

/**
 * Reads tokenizer.json, or vocab.json and merges.txt, with tokenizer_config.json and special_tokens_map.json where they are.
 * Of tokenizer.json only vocabulary, merges and added tokens count: the rest of a CLIP tokenizer is fixed.
 * @throws DiffusionError `model-invalid`, `file-not-found`, `file-unreadable`
 */
export async function readClipTokenizerFiles(folder: string): Promise<ClipTokenizerFiles> {
  const present = await namesIn(folder);
  const object = async (name: string): Promise<Json> => (present.has(name) ? readObject(join(folder, name)) : {});
  const config = await object("tokenizer_config.json");
  const map = await object("special_tokens_map.json");
  const whole = await object("tokenizer.json");
  const listed = declaredTokens(config, whole);
  // A config that lists its added tokens stands alone; older folders keep the named ones in special_tokens_map.json.
  const named = namedTokens("added_tokens_decoder" in config ? config : { ...config, ...map }, listed);
  const model = present.has("tokenizer.json") ? modelOf(whole, folder) : await readVocabularyAndMerges(folder, present);
  const maxLength = config.model_max_length;
  return {
    ...model,
    added: lastOfEach([...listed, ...distinctTokens(named, listed)]),
    bos: textOf(named.get("bos_token") ?? "<|startoftext|>"),
    eos: textOf(named.get("eos_token") ?? "<|endoftext|>"),
    unknown: textOf(named.get("unk_token") ?? "<|endoftext|>"),
    pad: textOf(named.get("pad_token") ?? "<|endoftext|>"),
    maxLength: typeof maxLength === "number" && maxLength > 2 && maxLength <= 4096 ? Math.trunc(maxLength) : LENGTH,
  };
}

async function namesIn(folder: string): Promise<Set<string>> {
  try {
    return new Set(await readdir(folder));
  } catch (cause) {
    throw new DiffusionError("model-invalid", `cannot read the tokenizer folder ${folder}: ${reason(cause)}`, {
      cause,
    });
  }
}

const isObject = (value: unknown): value is Json =>
  typeof value === "object" && value !== null && !Array.isArray(value);

async function readObject(path: string): Promise<Json> {
  const value = await readJson(path);
  if (!isObject(value)) throw new DiffusionError("model-invalid", `${path} must hold a JSON object`);
  return value;
}

/** `added_tokens_decoder` of the config, by id; without it `added_tokens` of tokenizer.json. */
function declaredTokens(config: Json, whole: Json): AddedToken[] {
  const decoder = config.added_tokens_decoder;
  const declared = isObject(decoder)
    ? Object.entries(decoder)
        .sort(([a], [b]) => Number(a) - Number(b))
        .map(([, token]) => token)
    : whole.added_tokens;
  return Array.isArray(declared) ? declared.filter(isObject).filter(hasContent).map(addedToken) : [];
}

const hasContent = (value: Json): boolean => typeof value.content === "string" && value.content !== "";

function addedToken({ content, normalized, special }: Json): AddedToken {
  return { content: String(content), normalized: typeof normalized === "boolean" ? normalized : special !== true };
}

/** The named special tokens in their order; what is declared under the same content takes the place of a name's own flags. */
function namedTokens(config: Json, declared: readonly AddedToken[]): Map<string, Named> {
  const defaults: Json = {
    bos_token: "<|startoftext|>",
    eos_token: "<|endoftext|>",
    unk_token: "<|endoftext|>",
    pad_token: "<|endoftext|>",
  };
  const named = new Map<string, Named>();
  for (const name of NAMED) {
    const value = config[name] === undefined ? defaults[name] : config[name];
    const token =
      typeof value === "string"
        ? value
        : isObject(value) && hasContent(value)
          ? addedToken({ ...value, special: true })
          : undefined;
    if (token === undefined || token === "") continue;
    named.set(name, declared.findLast(({ content }) => content === textOf(token)) ?? token);
  }
  return named;
}

const textOf = (token: Named): string => (typeof token === "string" ? token : token.content);

/** Named tokens not declared elsewhere. A bare string is looked for in the raw text; each distinct form is added once, the last one stands. */
function distinctTokens(named: ReadonlyMap<string, Named>, declared: readonly AddedToken[]): AddedToken[] {
  const forms = new Map<string, AddedToken>();
  for (const token of named.values()) {
    if (declared.some(({ content }) => content === textOf(token))) continue;
    const added = typeof token === "string" ? addedToken({ content: token, special: true }) : token;
    const form = JSON.stringify([typeof token, added]);
    if (!forms.has(form)) forms.set(form, added);
  }
  return [...forms.values()];
}

const lastOfEach = (tokens: readonly AddedToken[]): AddedToken[] => [
  ...new Map(tokens.map((token) => [token.content, token])).values(),
];

type Model = Pick<ClipTokenizerFiles, "vocabulary" | "merges">;

function modelOf(whole: Json, folder: string): Model {
  const path = join(folder, "tokenizer.json");
  const model = whole.model;
  if (!isObject(model) || !Array.isArray(model.merges))
    throw new DiffusionError("model-invalid", `${path} holds no BPE model`);
  const pairs = model.merges.map((merge: unknown) => (typeof merge === "string" ? merge.split(" ") : merge));
  return { vocabulary: checkVocabulary(model.vocab, path), merges: checkMerges(pairs, path) };
}

async function readVocabularyAndMerges(folder: string, present: ReadonlySet<string>): Promise<Model> {
  if (!present.has("vocab.json") || !present.has("merges.txt"))
    throw new DiffusionError(
      "model-invalid",
      `${folder} is no tokenizer folder: it has neither tokenizer.json nor vocab.json and merges.txt`,
    );
  const path = join(folder, "merges.txt");
  const vocabulary = checkVocabulary(await readJson(join(folder, "vocab.json")), join(folder, "vocab.json"));
  const lines = (await readText(path)).split(/\r?\n/);
  if (lines.at(-1) === "") lines.pop();
  const pairs = lines.filter((line) => !line.startsWith("#version")).map((line) => line.split(" "));
  return { vocabulary, merges: checkMerges(pairs, path) };
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path);
    if (size > MAX_MERGES_BYTES)
      throw new DiffusionError("model-invalid", `${path}: ${size} bytes; at most ${MAX_MERGES_BYTES} are read`);
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof DiffusionError) throw cause;
    throw new DiffusionError("file-unreadable", `cannot read ${path}: ${reason(cause)}`, { cause });
  }
}

function checkVocabulary(value: unknown, path: string): Record<string, number> {
  if (!isObject(value)) throw new DiffusionError("model-invalid", `${path} holds no vocabulary`);
  const most = Object.keys(value).length * 2;
  for (const [token, id] of Object.entries(value))
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) > most)
      throw new DiffusionError(
        "model-invalid",
        `${path}: the id of token ${JSON.stringify(token.slice(0, 80))} is not a small whole number`,
      );
  return value as Record<string, number>;
}

function checkMerges(pairs: readonly unknown[], path: string): [string, string][] {
  const wrong = pairs.findIndex(
    (pair) => !Array.isArray(pair) || pair.length !== 2 || !pair.every((part) => typeof part === "string"),
  );
  if (wrong >= 0) throw new DiffusionError("model-invalid", `${path}: merge ${wrong + 1} is not a pair of tokens`);
  return pairs as [string, string][];
}
