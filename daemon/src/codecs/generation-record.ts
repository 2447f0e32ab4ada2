// Our record of how a result came to be, kept inside the picture as JSON.
import { DiffusionError } from "../base/errors.ts";
import { parseExactJson, stringifyExactJson } from "./exact-json.ts";

/** The version this program writes and the highest it reads. */
export const RECORD_FORMAT = 1;

/** Everything needed to make the picture again, and to know where it came from. */
export interface GenerationRecord {
  readonly format: typeof RECORD_FORMAT;
  /** A whole `.diffusion` document of the one node that made the picture. */
  readonly node: string;
  /** The prompts after variables, wildcards and choices. */
  readonly prompt?: string;
  readonly negative_prompt?: string;
  /** Every seed that was used, 0 … 2^64 - 1; the picture's own first. */
  readonly seeds: readonly bigint[];
  readonly weights: readonly WeightFile[];
  /** Program → version: ours, onnxruntime … */
  readonly versions: Readonly<Record<string, string>>;
  /** The execution provider: cpu, cuda, … */
  readonly provider: string;
  readonly source?: RecordSource;
}

export interface WeightFile {
  /** The name, or the path relative to the model. */
  readonly file: string;
  readonly sha256: string;
}

export interface RecordSource {
  readonly file: string;
  /** The git commit of the source's folder. */
  readonly commit?: string;
}

export function stringifyRecord(record: GenerationRecord): string {
  return stringifyExactJson(record);
}

/**
 * The record in a text from a picture.
 * @throws DiffusionError `picture-invalid` when it is not one, `not-available` when a newer program wrote it
 */
export function parseRecord(text: string): GenerationRecord {
  const fields = objectIn(text);
  const format = fields?.format;
  if (typeof format === "number" && format > RECORD_FORMAT)
    throw new DiffusionError(
      "not-available",
      `the picture's record has format ${format}, this program reads up to ${RECORD_FORMAT}: update Diffusion`,
    );
  if (!fields || format !== RECORD_FORMAT || !isRecord(fields))
    throw new DiffusionError("picture-invalid", "the picture's generation record is damaged");
  return { ...fields, seeds: fields.seeds.map(BigInt) };
}

type Fields = Readonly<Record<string, unknown>>;

function objectIn(text: string): Fields | undefined {
  try {
    const value = parseExactJson(text);
    return typeof value === "object" && value !== null ? (value as Fields) : undefined;
  } catch {
    return undefined;
  }
}

type Stored = Omit<GenerationRecord, "seeds"> & { readonly seeds: readonly (number | bigint)[] };

function isRecord(fields: Fields): fields is Fields & Stored {
  const { node, prompt, negative_prompt, seeds, weights, versions, provider, source } = fields;
  return (
    isText(node) &&
    isText(provider) &&
    [prompt, negative_prompt].every((text) => text === undefined || isText(text)) &&
    isListOf(seeds, (seed) => typeof seed === "bigint" || Number.isSafeInteger(seed)) &&
    isListOf(weights, (entry) => isObject(entry) && isText(entry.file) && isText(entry.sha256)) &&
    isObject(versions) &&
    Object.values(versions).every(isText) &&
    (source === undefined || (isObject(source) && isText(source.file)))
  );
}

const isText = (value: unknown): value is string => typeof value === "string";
const isObject = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const isListOf = (value: unknown, test: (entry: unknown) => boolean): boolean =>
  Array.isArray(value) && value.every(test);
