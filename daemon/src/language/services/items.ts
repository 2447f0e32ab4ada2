// A document as a row of keys and scalars in the order of the text, each with its schema and its place.
import { headKeys, keysOf, type Task, tasks } from "../../../../schemas/document/index.ts";
import { findPair, keyText, type MapAst, type PairAst, type ScalarAst, type ValueAst } from "../ast.ts";
import { matrixRowShape } from "../entries.ts";
import type { ParsedNode, ParseResult } from "../parse.ts";
import { branchOf, keyShape, type Shape } from "../shape.ts";
import type { Range } from "../source.ts";

/** Whose key it is. */
export type Owner =
  { readonly kind: "head" | "vars" | "defaults" | "workflow" } | { readonly kind: "node"; readonly node: ParsedNode };

interface Placed {
  /** Keys, and positions in lists, from the owner on. */
  readonly path: readonly string[];
  readonly owner: Owner;
  readonly shape: Shape | undefined;
  readonly range: Range;
}

/** A key. */
export interface KeyItem extends Placed {
  readonly kind: "key";
  readonly pair: PairAst;
}

/** A value that is neither list nor map. */
export interface ScalarItem extends Placed {
  readonly kind: "scalar";
  readonly scalar: ScalarAst;
}

/** A key or a scalar. */
export type Item = KeyItem | ScalarItem;

const allItems = new WeakMap<ParseResult, readonly Item[]>();

/** All keys and scalars as they are written; what an alias stands for is listed once, where it is written. */
export function itemsOf(document: ParseResult): readonly Item[] {
  let items = allItems.get(document);
  if (!items) {
    items = [...rootItems(document, everything)];
    allItems.set(document, items);
  }
  return items;
}

/** The keys and scalars that touch a range; little more than those is looked at. */
export function itemsIn(document: ParseResult, { start, end }: Range): Item[] {
  const known = allItems.get(document);
  if (!known)
    return [...rootItems(document, { start, end })].filter(({ range }) => range.start <= end && range.end >= start);
  const found: Item[] = [];
  for (let i = firstEndingFrom(known, start); i < known.length && known[i]!.range.start <= end; i++)
    found.push(known[i]!);
  return found;
}

/** The items stand one behind the other, so their ends are in order, too. */
function firstEndingFrom(items: readonly Item[], offset: number): number {
  let low = 0;
  let high = items.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (items[middle]!.range.end < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The key or scalar at an offset; at the border of two, the one that begins there. */
export function itemAt(document: ParseResult, offset: number): Item | undefined {
  return itemsIn(document, { start: offset, end: offset }).at(-1);
}

const everything: Range = { start: 0, end: Infinity };

/** False for what lies outside and need not be looked into. */
function touches(pair: PairAst, { start, end }: Range): boolean {
  const { key, value } = pair;
  return key.range.start <= end && Math.max(key.range.end, value.range.end) >= start;
}

function* rootItems({ root, nodes }: ParseResult, within: Range): Generator<Item> {
  if (root?.kind !== "map") return;
  const single = findPair(root, "workflow") ? undefined : nodes[0];
  for (const pair of root.pairs) {
    const key = keyText(pair);
    if (!touches(pair, within)) continue;
    if (single && !Object.hasOwn(headKeys, key)) yield* nodePair(pair, single);
    else yield* headPair(pair, key, nodes, within);
  }
}

function* headPair(pair: PairAst, key: string, nodes: readonly ParsedNode[], within: Range): Generator<Item> {
  const shape = keyShape(headKeys, key);
  yield { kind: "key", pair, path: [key], owner: { kind: "head" }, shape, range: pair.key.range };
  if (isAlias(pair)) return;
  const { value } = pair;
  if (key === "workflow" && value.kind === "map") yield* workflowItems(value, nodes, within);
  else if (key === "defaults" && value.kind === "map") yield* defaultItems(value, nodes);
  else if (key === "vars") yield* mapOrValue(value, { path: [], owner: { kind: "vars" }, shape });
  else yield* valueItems(value, { path: [key], owner: { kind: "head" }, shape });
}

function* workflowItems(map: MapAst, nodes: readonly ParsedNode[], within: Range): Generator<Item> {
  const byStart = new Map(nodes.map((node) => [node.nameRange.start, node]));
  for (const pair of map.pairs) {
    if (!touches(pair, within)) continue;
    const node = byStart.get(pair.key.range.start);
    const path = [keyText(pair)];
    yield { kind: "key", pair, path, owner: { kind: "workflow" }, shape: undefined, range: pair.key.range };
    if (isAlias(pair)) continue;
    if (node && pair.value.kind === "map") for (const inner of pair.value.pairs) yield* nodePair(inner, node);
    else yield* valueItems(pair.value, { path, owner: { kind: "workflow" }, shape: undefined });
  }
}

function* nodePair(pair: PairAst, node: ParsedNode): Generator<Item> {
  yield* pairItems(pair, node.task && taskShape(node.task), { path: [], owner: { kind: "node", node } });
}

function* defaultItems(map: MapAst, nodes: readonly ParsedNode[]): Generator<Item> {
  const present = new Set(nodes.flatMap(({ task }) => task ?? []));
  for (const pair of map.pairs) {
    const task = [...present, ...tasks].find((each) => keyShape(keysOf(each), keyText(pair)));
    yield* pairItems(pair, task && taskShape(task), { path: [], owner: { kind: "defaults" } });
  }
}

/** The keys of a task as one schema; in `matrix`, lists of their values. */
export function taskShape(task: Task): Shape {
  let shape = taskShapes.get(task);
  if (!shape) {
    const properties = keysOf(task);
    const rows = Object.keys(properties).map((key) => [key, matrixRowShape(task, key)] as const);
    const matrix: Shape = {
      type: "object",
      description: keyShape(properties, "matrix")?.description ?? "",
      properties: Object.fromEntries(rows.flatMap(([key, row]) => (row ? [[key, row]] : []))),
    };
    shape = { type: "object", properties: { ...(properties as Record<string, Shape>), matrix } };
    taskShapes.set(task, shape);
  }
  return shape;
}

const taskShapes = new Map<Task, Shape>();

type Context = Omit<Placed, "range" | "shape">;

function* pairItems(pair: PairAst, parent: Shape | undefined, { path, owner }: Context): Generator<Item> {
  const key = keyText(pair);
  const place = { path: [...path, key], owner, shape: parent && innerShape(parent, key) };
  yield { kind: "key", pair, range: pair.key.range, ...place };
  if (!isAlias(pair)) yield* valueItems(pair.value, place);
}

function* valueItems(value: ValueAst, place: Context & { shape: Shape | undefined }): Generator<Item> {
  const { path, owner, shape } = place;
  if (value.kind === "scalar") yield { kind: "scalar", scalar: value, range: value.range, ...place };
  else if (value.kind === "map") for (const pair of value.pairs) yield* pairItems(pair, shape, { path, owner });
  else {
    let end = value.range.start;
    for (const [i, item] of value.items.entries()) {
      if (item.range.start < end) continue; // an alias
      end = item.range.end;
      yield* valueItems(item, { path: [...path, String(i)], owner, shape: shape && innerShape(shape, String(i)) });
    }
  }
}

function* mapOrValue(value: ValueAst, place: Context & { shape: Shape | undefined }): Generator<Item> {
  if (value.kind === "map") {
    for (const pair of value.pairs) yield* pairItems(pair, place.shape, place);
  } else yield* valueItems(value, place);
}

/** The schema of a key of a map, or of the items of a list. */
export function innerShape(shape: Shape, key: string): Shape | undefined {
  const map = branchOf(shape, "object");
  if (map?.properties) return keyShape(map.properties, key) ?? itemShape(shape, key);
  if (map?.patternProperties) return Object.values(map.patternProperties)[0];
  return itemShape(shape, key);
}

function itemShape(shape: Shape, key: string): Shape | undefined {
  return /^\d+$/.test(key) ? branchOf(shape, "array")?.items : undefined;
}

/** An alias has the range of what it names, which stands before it. */
function isAlias({ key, value }: PairAst): boolean {
  return value.range.start < key.range.end;
}
