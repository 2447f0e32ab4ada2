// What a key is, in words: one source for hover texts and for the reference in docs/FORMAT.md.
import { availability, isAvailable, isPartlyAvailable } from "./availability.ts";
import { headKeys, keysOf, requiredKeysOf, type Task } from "./document.ts";
import type { FileKind } from "./elements.ts";

/** A key, described. */
export interface KeyDescription {
  readonly path: string;
  /** What it takes: `a whole number from 1 to 1000`. */
  readonly takes: string;
  readonly description: string;
  /** As it would be written; absent where the model or another key decides. */
  readonly default?: string;
  /** A value that it takes, as it would be written. */
  readonly example: string;
  /** The words it takes, each with its meaning. */
  readonly words: readonly { readonly word: string; readonly description: string }[];
  readonly required: boolean;
  /** The keys inside, where it takes a map, or a list of maps. */
  readonly keys: readonly string[];
  /** Whether this version runs it: all of it, parts of it, or nothing. */
  readonly available: "all" | "parts" | "nothing";
  /** All of this as Markdown. */
  readonly markdown: string;
}

/** The part of a schema that is described. */
interface Shape {
  readonly type?: string;
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly const?: string | number;
  readonly anyOf?: readonly Shape[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly required?: readonly string[];
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly maxLength?: number;
  readonly format?: string;
  readonly patternErrorMessage?: string;
}

/**
 * Describes a key of a node, or of the top of a file: `steps`, `output.format`, `loras[0].weight`, `title`. Keys inside
 * `matrix` and `defaults` are described as those of the node. Nothing for a key that the task does not have.
 */
export function describeKey(task: Task, path: string): KeyDescription | undefined {
  const parts = path.replace(/\[\d+\]/g, "").split(".");
  if (parts.length > 1 && (parts[0] === "matrix" || parts[0] === "defaults")) parts.shift();
  const place = findPlace(task, parts);
  return place && describe(place.shape, parts.join("."), place.required, availableAt(task, parts));
}

interface Place {
  readonly shape: Shape;
  readonly required: boolean;
}

function findPlace(task: Task, [first = "", ...rest]: readonly string[]): Place | undefined {
  const keys: Readonly<Record<string, Shape>> = { ...headKeys, ...keysOf(task) };
  if (!Object.hasOwn(keys, first)) return undefined;
  const required = requiredKeysOf(task).includes(first) || first === "diffusion";
  return rest.reduce<Place | undefined>(placeInside, { shape: keys[first]!, required });
}

function placeInside(outer: Place | undefined, key: string): Place | undefined {
  const map = outer && mapIn(outer.shape);
  if (!map?.properties || !Object.hasOwn(map.properties, key)) return undefined;
  return { shape: map.properties[key]!, required: map.required?.includes(key) ?? false };
}

/** The map that a value can be, or that the items of a list are. */
function mapIn(shape: Shape): Shape | undefined {
  const all = alternatives(shape).flatMap((branch) => [branch, ...(branch.items ? alternatives(branch.items) : [])]);
  return all.find(({ properties }) => properties);
}

function alternatives(shape: Shape): readonly Shape[] {
  return shape.anyOf ? shape.anyOf.flatMap(alternatives) : [shape];
}

function availableAt(task: Task, parts: readonly string[]): KeyDescription["available"] {
  if (Object.hasOwn(headKeys, parts[0]!)) return "all";
  const path = parts.join(".");
  if (!availability[task]) return "nothing";
  if (isAvailable(task, path)) return "all";
  return isPartlyAvailable(task, path) ? "parts" : "nothing";
}

function describe(
  shape: Shape,
  path: string,
  required: boolean,
  available: KeyDescription["available"],
): KeyDescription {
  const facts = {
    path,
    takes: inWords(shape),
    description: shape.description ?? "",
    ...(shape.default === undefined ? {} : { default: written(shape.default) }),
    example: written(exampleOf(shape)),
    words: alternatives(shape).flatMap(({ const: word, description = "" }) => {
      return typeof word === "string" ? [{ word, description }] : [];
    }),
    required,
    keys: Object.keys(mapIn(shape)?.properties ?? {}),
    available,
  };
  return { ...facts, markdown: markdownOf(facts) };
}

/** What a value can be. */
function inWords(shape: Shape): string {
  if (shape.patternErrorMessage !== undefined) return shape.patternErrorMessage;
  const branches = alternatives(shape);
  const words = branches.flatMap(({ const: word }) => (word === undefined ? [] : [`\`${word}\``]));
  const kinds = branches.filter((branch) => branch.const === undefined).map(kindInWords);
  return either([...new Set([...kinds, ...words])]);
}

function either(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join("") : `${parts.slice(0, -1).join(", ")} or ${parts.at(-1)!}`;
}

function kindInWords(shape: Shape): string {
  switch (shape.type) {
    case "string":
      return textInWords(shape);
    case "integer":
    case "number":
      return numberInWords(shape);
    case "boolean":
      return "`true` or `false`";
    case "array":
      return listInWords(shape);
    case "object":
      return "a map";
    case undefined:
    default:
      return "anything";
  }
}

const files: Readonly<Record<FileKind, readonly [takes: string, example: string]>> = {
  picture: ["the path of a picture", "./picture.png"],
  video: ["the path of a video", "./video.mp4"],
  sound: ["the path of a sound", "./sound.wav"],
  tensors: ["the path of a `.safetensors` file", "./latents.safetensors"],
  model: ["a name or path", "./model.safetensors"],
  folder: ["the path of a folder", "./folder"],
  file: ["a path", "./file"],
  graph: ["the path of a JSON file", "./graph.json"],
};

function fileOf({ format }: Shape): readonly [takes: string, example: string] | undefined {
  return format !== undefined && Object.hasOwn(files, format) ? files[format as FileKind] : undefined;
}

function textInWords(shape: Shape): string {
  const text = fileOf(shape)?.[0] ?? "text";
  return shape.maxLength === undefined ? text : `${text} of at most ${shape.maxLength} characters`;
}

function numberInWords({ type, minimum = 0, maximum, exclusiveMaximum, multipleOf }: Shape): string {
  const most = exclusiveMaximum === undefined ? String(maximum) : (BigInt(exclusiveMaximum) - 1n).toString();
  const kind = type === "integer" ? "a whole number" : "a number";
  return `${kind} from ${minimum} to ${most}${multipleOf === undefined ? "" : `, a multiple of ${multipleOf}`}`;
}

function listInWords({ items = {}, minItems = 0, maxItems }: Shape): string {
  const range =
    minItems === maxItems ? String(minItems) : minItems > 0 ? `${minItems} to ${maxItems}` : `up to ${maxItems}`;
  return `a list of ${range}, each ${inWords(items)}`;
}

/** A value that the schema takes. */
function exampleOf(shape: Shape): unknown {
  if (shape.examples) return shape.examples[0];
  if (shape.default !== undefined) return shape.default;
  const branch = alternatives(shape)[0]!;
  if (branch !== shape) return exampleOf(branch);
  if (shape.const !== undefined) return shape.const;
  if (shape.type === "array") return Array.from({ length: shape.minItems ?? 1 }, () => exampleOf(shape.items ?? {}));
  if (shape.type === "object") return exampleMap(shape);
  if (shape.type === "string") return fileOf(shape)?.[1] ?? "some words";
  return shape.type === "boolean" ? true : exampleNumber(shape);
}

/** One, or what is nearest to it. */
function exampleNumber({ minimum = 0, maximum = Infinity, multipleOf = 1 }: Shape): number {
  return multipleOf * Math.max(Math.min(1, maximum), Math.ceil(minimum / multipleOf));
}

/** A map with the keys it needs, or its first. */
function exampleMap({ properties = {}, required = [] }: Shape): unknown {
  const keys = required.length > 0 ? required : Object.keys(properties).slice(0, 1);
  return Object.fromEntries(keys.map((key) => [key, exampleOf(properties[key]!)]));
}

/** A value as it stands in a file; text between brackets needs quotes more often. */
function written(value: unknown, inBrackets = false): string {
  if (Array.isArray(value)) return `[${value.map((item) => written(item, true)).join(", ")}]`;
  if (typeof value === "object" && value !== null) {
    const pairs = Object.entries(value).map(([key, inner]) => `${key}: ${written(inner, true)}`);
    return pairs.length === 0 ? "{}" : `{ ${pairs.join(", ")} }`;
  }
  const text = String(value);
  const wantsQuotes = /^[{[&*!|>'"%@`#]|: | #/.test(text) || (inBrackets && /[,[\]{}]/.test(text));
  return typeof value === "string" && wantsQuotes ? JSON.stringify(text) : text;
}

function markdownOf(facts: Omit<KeyDescription, "markdown">): string {
  const { path, takes, description, words, required, available } = facts;
  const defaultText = facts.default === undefined ? "" : `Default: \`${facts.default}\`. `;
  const paragraphs = [
    `**\`${path}\`** · ${words.length > 4 ? "one of the words below" : takes}${required ? " · needed" : ""}`,
    description,
    `${defaultText}Example: \`${path.split(".").at(-1)!}: ${facts.example}\``,
    words.map(({ word, description: meaning }) => `- \`${word}\`: ${meaning}`).join("\n"),
    { all: "", parts: "Only parts of it run in this version.", nothing: "Not available in this version." }[available],
  ];
  return paragraphs.filter((paragraph) => paragraph !== "").join("\n\n");
}
