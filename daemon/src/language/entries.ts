// A node's keys with typed values, and the layers they come from: `defaults`, the node itself, `--set`.
import { keysOf, otherKeyNames, tasks, type Task } from "../../../schemas/document/index.ts";
import { keyText, type MapAst, type PairAst, type ValueAst } from "./ast.ts";
import type { Place, Report } from "./diagnostics.ts";
import { nearest } from "./nearest.ts";
import type { Reference } from "./references.ts";
import { keyShape, type Shape } from "./shape.ts";
import type { Range } from "./source.ts";
import { checkValue, invalid, reportUnknownKey, type Walk } from "./validate.ts";

/** Where a key is set: the later layer wins. */
export type Origin = "defaults" | "node" | "argument";

/** One key of a node. */
export interface Entry {
  readonly key: string;
  readonly shape: Shape;
  /** Typed; the symbol `invalid` when it is wrong (which has been reported). */
  readonly value: unknown;
  readonly ast: ValueAst;
  readonly keyRange: Range;
  readonly origin: Origin;
  readonly references: readonly Reference[];
  /** The text the ranges count in, when it is not the file. */
  readonly place?: Place;
}

/** The keys of a node by name. */
export type Entries = ReadonlyMap<string, Entry>;

/** Checks the keys of a node against its task. */
export function checkEntries(task: Task, pairs: readonly PairAst[], text: string, report: Report): Entries {
  const entries = new Map<string, Entry>();
  for (const pair of pairs) {
    const entry = checkEntry(task, pair, "node", text, report);
    if (entry) entries.set(entry.key, entry);
    else reportForeignKey(task, pair, report);
  }
  return entries;
}

/** Checks one key; nothing when the task has no such key. */
export function checkEntry(task: Task, pair: PairAst, origin: Origin, text: string, report: Report): Entry | undefined {
  const key = keyText(pair);
  const shape = keyShape(keysOf(task), key);
  if (!shape) return undefined;
  const walk: Walk = { text, report, references: [] };
  const value =
    key === "matrix" ? checkMatrix(task, pair, shape, walk) : checkValue(partOf(shape), pair.value, key, walk);
  return { key, shape, value, ast: pair.value, keyRange: pair.key.range, origin, references: walk.references };
}

/** One layer may give a part of a group; that nothing is missing is checked when all layers are merged. */
function partOf(shape: Shape): Shape {
  return shape.type === "object" ? { ...shape, required: [] } : shape;
}

/** Each list of a matrix holds values of the key it is for. */
function checkMatrix(task: Task, pair: PairAst, shape: Shape, walk: Walk): unknown {
  const outside = checkValue(shape, pair.value, "matrix", walk);
  if (outside === invalid || pair.value.kind !== "map") return outside;
  const values = pair.value.pairs.map((row) => [keyText(row), checkMatrixRow(task, row, walk)] as const);
  return values.some(([, value]) => value === invalid) ? invalid : Object.fromEntries(values);
}

/** The schema of a row of a matrix: a list of values of the key. Nothing for a key that cannot vary. */
export function matrixRowShape(task: Task, key: string): Shape | undefined {
  const items = unvarying.has(key) ? undefined : keyShape(keysOf(task), key);
  return items && { type: "array", items, minItems: 1, maxItems: 1000 };
}

const unvarying: ReadonlySet<string> = new Set(["task", "matrix", "count", "output"]);

function checkMatrixRow(task: Task, row: PairAst, walk: Walk): unknown {
  const shape = matrixRowShape(task, keyText(row));
  if (shape) return checkValue(shape, row.value, `matrix.${keyText(row)}`, walk);
  const known = Object.keys(keysOf(task)).filter((key) => !unvarying.has(key));
  reportUnknownKey(row, known, "of `matrix`", walk.report);
  return invalid;
}

/** Reports a key the task does not have, naming the task that has it. */
function reportForeignKey(task: Task, pair: PairAst, report: Report): void {
  const key = keyText(pair);
  const others = tasks.filter((other) => keyShape(keysOf(other), key));
  if (others.length === 0) {
    reportUnknownKey(pair, Object.keys(keysOf(task)), `of \`task: ${task}\``, report);
    return;
  }
  const message = `\`${key}\` is not a key of \`task: ${task}\`; it belongs to ${others.map((other) => `\`${other}\``).join(", ")}`;
  report({ code: "unknown-key", message, range: pair.key.range });
}

/** The keys that unknown keys of a node are probably meant to be. */
export function meantKeys(task: Task, { pairs }: MapAst): ReadonlySet<string> {
  const known = Object.keys(keysOf(task));
  const unknown = pairs.map(keyText).filter((key) => !known.includes(key));
  return new Set(unknown.slice(0, 100).flatMap((key) => nearest(key, known, otherKeyNames) ?? []));
}

/** Lays a layer over another. Groups such as `output` are merged key by key; a size replaces a size. */
export function layOver(lower: Entries, upper: Entries): Entries {
  const merged = new Map(lower);
  if (upper.has("size")) for (const key of ["width", "height"]) merged.delete(key);
  if (upper.has("width") || upper.has("height")) merged.delete("size");
  for (const [key, entry] of upper) merged.set(key, mergeEntry(merged.get(key), entry));
  return merged;
}

function mergeEntry(lower: Entry | undefined, upper: Entry): Entry {
  if (!lower || lower.value === invalid || !isGroup(upper)) return upper;
  return { ...upper, value: { ...(lower.value as object), ...(upper.value as object) } };
}

function isGroup(entry: Entry): boolean {
  return entry.shape.type === "object" && entry.value !== invalid;
}

/** A map, an empty one for an empty value, and nothing (reported) for anything else. */
export function mapOf(ast: ValueAst, name: string, report: Report): MapAst | undefined {
  if (ast.kind === "map") return ast;
  if (ast.kind === "scalar" && ast.value === null) return { kind: "map", pairs: [], range: ast.range };
  const message = `\`${name}\` must be a map of keys`;
  report({ code: "wrong-type", message, range: ast.range });
  return undefined;
}
