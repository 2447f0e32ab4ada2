// What a node comes to: its model, size and number of results, with `defaults` and the model's own advice laid in.
import { keysOf, type ModelReference } from "../../../../schemas/document/index.ts";
import type { Entry } from "../entries.ts";
import type { ParsedNode } from "../parse.ts";
import { keyShape } from "../shape.ts";
import { invalid } from "../validate.ts";
import type { ModelFacts } from "./facts.ts";

/** The value of a key, from the node or `defaults`; nothing when it is wrong. */
export function valueOf(node: ParsedNode, key: string): unknown {
  const value = node.entries.get(key)?.value;
  return value === invalid ? undefined : value;
}

/** The model a node names; that which comes along where it names none. */
export function modelReferenceOf(node: ParsedNode | undefined): ModelReference | undefined {
  if (!node?.task) return undefined;
  if (node.entries.has("model")) return valueOf(node, "model") as ModelReference | undefined;
  return keyShape(keysOf(node.task), "model")?.default as ModelReference | undefined;
}

/** The model as text. */
export function referenceText(reference: ModelReference): string {
  return typeof reference === "string" ? reference : reference.file;
}

/** Width and height of a node's pictures. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

/** The size its first pass makes, and that of its results; nothing when it depends on a picture or an unknown model. */
export function sizeOf(node: ParsedNode, model: ModelFacts | undefined): { first: Size; final: Size } | undefined {
  const written = writtenSize(node);
  if (!written.width && !written.height && node.entries.has("image")) return undefined;
  const width = written.width ?? model?.nativeSize;
  const height = written.height ?? model?.nativeSize;
  if (width === undefined || height === undefined) return undefined;
  const hires = valueOf(node, "hires") as { scale?: number } | undefined;
  const scale = hires ? (hires.scale ?? 2) : 1;
  return { first: { width, height }, final: { width: Math.round(width * scale), height: Math.round(height * scale) } };
}

function writtenSize(node: ParsedNode): Partial<Size> {
  const size = valueOf(node, "size");
  const [width, height] = typeof size === "string" ? size.split("x").map(Number) : [];
  if (width !== undefined && height !== undefined) return { width, height };
  const side = (key: "width" | "height") => {
    const value = valueOf(node, key);
    return typeof value === "number" ? { [key]: value } : {};
  };
  return { ...side("width"), ...side("height") };
}

/** How many results it makes: `count` times every combination of `matrix`. */
export function resultsOf(node: ParsedNode): number {
  const count = valueOf(node, "count");
  const matrix = valueOf(node, "matrix") as Readonly<Record<string, unknown>> | undefined;
  const rows = Object.values(matrix ?? {}).map((row) => (Array.isArray(row) ? row.length : 1));
  return rows.reduce((all, row) => all * row, typeof count === "number" ? count : 1);
}

/** An entry that is written in the file, and right. */
export function rightEntry(node: ParsedNode, key: string): Entry | undefined {
  const entry = node.entries.get(key);
  return entry && entry.value !== invalid && !entry.place ? entry : undefined;
}
