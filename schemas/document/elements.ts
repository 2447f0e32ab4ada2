// The small pieces every task's schema is built from: closed choices, files, sizes, lists that may be one value.
import { Type, type TSchema, type TSchemaOptions, type TUnsafe } from "typebox";

/** What a text key points at. The language server completes paths by it; `$node` references are read in these keys only. */
export type FileKind = "picture" | "video" | "sound" | "tensors" | "model" | "folder" | "file" | "graph";

/** The formats of text that name something outside the file. */
export const fileFormats: readonly FileKind[] = [
  "picture",
  "video",
  "sound",
  "tensors",
  "model",
  "folder",
  "file",
  "graph",
];

/** A closed list of words, each with its own hover text. */
export function choice<const Values extends Record<string, string>>(
  values: Values,
  options: TSchemaOptions = {},
): TUnsafe<keyof Values & string> {
  const words = Object.entries(values).map(([word, description]) => ({ const: word, description }));
  return Type.Unsafe<keyof Values & string>({ anyOf: words, ...options });
}

/** Text that names a file (or, for most kinds, the result of another node: `$node`). */
export function file(kind: FileKind, description: string, options: TSchemaOptions = {}) {
  return Type.String({ minLength: 1, format: kind, description, ...options });
}

/** A whole number between two bounds. */
export function whole(minimum: number, maximum: number, description: string, options: TSchemaOptions = {}) {
  return Type.Integer({ minimum, maximum, description, ...options });
}

/** A number between two bounds. */
export function number(minimum: number, maximum: number, description: string, options: TSchemaOptions = {}) {
  return Type.Number({ minimum, maximum, description, ...options });
}

/** Free text. */
export function text(description: string, options: TSchemaOptions = {}) {
  return Type.String({ description, ...options });
}

/** `true` or `false`. */
export function flag(description: string, options: TSchemaOptions = {}) {
  return Type.Boolean({ description, ...options });
}

/** An object whose keys are all listed. */
export function group<Properties extends Record<string, TSchema>>(properties: Properties, description: string) {
  return Type.Object(properties, { additionalProperties: false, description });
}

/** One value, or a list of them. */
export function oneOrMore<Item extends TSchema>(item: Item, description: string) {
  return Type.Union([item, Type.Array(item, { minItems: 1, maxItems: 64 })], { description });
}

/** Width and height in one word: `512x768`. */
export function sizeText(description: string, options: TSchemaOptions = {}) {
  return Type.String({
    pattern: "^[0-9]{1,9}x[0-9]{1,9}$",
    patternErrorMessage: "a width and a height such as 512x768",
    description,
    examples: ["512x768"],
    ...options,
  });
}
