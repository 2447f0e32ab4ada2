// The part of JSON Schema that the document's schemas use, as the validator reads it.
import type { TSchema } from "typebox";

/** A schema, open for reading. */
export interface Shape {
  readonly type?: "string" | "integer" | "number" | "boolean" | "object" | "array";
  readonly description?: string;
  readonly default?: unknown;
  readonly const?: unknown;
  readonly anyOf?: readonly Shape[];
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly patternProperties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly patternErrorMessage?: string;
  readonly format?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
}

/** Reads a TypeBox schema as a shape. */
export function shapeOf(schema: TSchema): Shape {
  return schema;
}

/** The schema of a key, if there is such a key. */
export function keyShape(keys: Readonly<Record<string, TSchema | Shape>>, key: string): Shape | undefined {
  return Object.hasOwn(keys, key) ? keys[key] : undefined;
}

/** The alternatives of a schema, alternatives of alternatives included; itself when it has none. */
export function alternatives(shape: Shape): readonly Shape[] {
  return shape.anyOf ? shape.anyOf.flatMap(alternatives) : [shape];
}

/** The fixed words a schema takes. */
export function wordsOf(shape: Shape): string[] {
  return alternatives(shape).flatMap((branch) => (typeof branch.const === "string" ? [branch.const] : []));
}

/** The alternative that takes any text. */
export function textBranch(shape: Shape): Shape | undefined {
  return alternatives(shape).find((branch) => branch.type === "string" && branch.const === undefined);
}

/** The alternative of a kind. */
export function branchOf(shape: Shape, ...types: readonly Shape["type"][]): Shape | undefined {
  return alternatives(shape).find((branch) => branch.const === undefined && types.includes(branch.type));
}

/** True for a schema that says nothing. */
export function takesAnything(shape: Shape): boolean {
  return shape.type === undefined && shape.anyOf === undefined && shape.const === undefined;
}

/** True for whole numbers beyond what a double holds exactly: they stay bigints. */
export function isExact(shape: Shape): boolean {
  return (shape.exclusiveMaximum ?? 0) > Number.MAX_SAFE_INTEGER;
}

/** What a schema takes, in words: "text", "a whole number or `random`". */
export function expectation(shape: Shape): string {
  if (shape.patternErrorMessage) return shape.patternErrorMessage;
  const words = wordsOf(shape);
  const kinds = alternatives(shape).flatMap((branch) => (branch.const === undefined ? [kindInWords(branch)] : []));
  const listed = words.length > 4 && kinds.length === 0 ? [`one of ${words.join(", ")}`] : words.map((w) => `\`${w}\``);
  return joinOr([...new Set([...kinds, ...listed])]);
}

const kindsInWords: Readonly<Record<NonNullable<Shape["type"]>, string>> = {
  string: "text",
  integer: "a whole number",
  number: "a number",
  boolean: "true or false",
  array: "a list",
  object: "a map of keys",
};

function kindInWords({ type, format }: Shape): string {
  if (format !== undefined) return formatsInWords[format] ?? "text";
  return type === undefined ? "a value" : kindsInWords[type];
}

const formatsInWords: Readonly<Record<string, string>> = {
  picture: "a picture's path",
  video: "a video's path",
  sound: "a sound's path",
  tensors: "the path of a `.safetensors` file",
  model: "a name or path",
  folder: "a folder's path",
  file: "a path",
  graph: "a path",
};

function joinOr(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} or ${parts.at(-1)!}`;
}
