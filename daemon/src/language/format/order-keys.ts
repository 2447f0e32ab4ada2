// The order of keys: as the schema lists them, comments moving with their keys. Names that a user chose (nodes, variables,
// the rows of a matrix) stay in the user's order.
import { defaultTask, headKeys, keysOf, type Task, tasks } from "../../../../schemas/document/index.ts";
import { findPair, keyText, type MapAst, type PairAst, type ValueAst } from "../ast.ts";
import { collector, type Edit } from "../diagnostics.ts";
import { taskOf } from "../nodes.ts";
import { branchOf, keyShape, type Shape, shapeOf } from "../shape.ts";
import type { Range } from "../source.ts";
import { readYaml } from "../yaml.ts";
import { applyEdits } from "./edits.ts";
import { entryRanges } from "./entry-ranges.ts";
import { readForEditing } from "./readable.ts";
import { sameMeaning } from "./same-meaning.ts";

/** The keys of a map in the order they get, with what is known of their values. */
type Keys = Readonly<Record<string, Shape>>;

/** A key and value, with its comments, and the maps in it that are put in order. */
interface Entry {
  readonly range: Range;
  readonly maps: readonly Ordered[];
}

/** The places of a map's entries, and the entries in the order in which they fill them. */
interface Ordered {
  readonly places: readonly Entry[];
  readonly entries: readonly Entry[];
}

/**
 * The edits that put keys in the order of the schema. Never throws. Keys the schema does not know come last. A map with
 * duplicate keys or aliases stays as it is, and so does a text whose syntax is not whole.
 */
export function orderKeys(text: string): Edit[] {
  const { root, refused } = readForEditing(text);
  if (refused.length > 0 || root?.kind !== "map") return [];
  const edits = orderRoot(root, text).flatMap((ordered) => editsOf(ordered, text));
  const { diagnostics, report } = collector();
  const after = readYaml(applyEdits(text, edits), report);
  return diagnostics.length === 0 && sameMeaning(root, after, "by key") ? edits : [];
}

function editsOf({ places, entries }: Ordered, text: string): Edit[] {
  return places
    .map(({ range }, i) => ({ range, newText: rendered(entries[i]!, text) }))
    .filter(({ range, newText }) => text.slice(range.start, range.end) !== newText);
}

function rendered({ range, maps }: Entry, text: string): string {
  const inner = maps.flatMap((ordered) => editsOf(ordered, text));
  const moved = inner.map(({ range: { start, end }, newText }) => {
    return { range: { start: start - range.start, end: end - range.start }, newText };
  });
  return applyEdits(text.slice(range.start, range.end), moved);
}

/** The keys at the top, and the maps in them: the one node's own keys, or the nodes of a workflow. */
function orderRoot(root: MapAst, text: string): Ordered[] {
  const workflow = findPair(root, "workflow");
  const own = workflow ? {} : nodeKeys(root, root, text);
  if (!own) return [];
  const inside = (pair: PairAst): Ordered[] => {
    if (pair === workflow) return orderNodes(pair.value, root, text);
    const isDefaults = keyText(pair) === "defaults";
    return orderValue(
      pair.value,
      isDefaults ? { type: "object", properties: everyKey } : keyShape(own, keyText(pair)),
      text,
    );
  };
  const head = Object.keys(headKeys).filter((key) => key !== "workflow");
  return orderMap(root, [...head, ...Object.keys(own), "workflow"], inside, text);
}

function orderNodes(nodes: ValueAst, root: MapAst, text: string): Ordered[] {
  return (nodes.kind === "map" ? nodes.pairs : []).flatMap(({ value }) => {
    const properties = value.kind === "map" ? nodeKeys(value, root, text) : undefined;
    return properties ? orderValue(value, { type: "object", properties }, text) : [];
  });
}

/** The keys of a node; nothing when its task is none. */
function nodeKeys(node: MapAst, root: MapAst, text: string): Keys | undefined {
  const defaults = findPair(root, "defaults")?.value;
  const task = taskOf(node, defaults?.kind === "map" ? defaults : undefined, text, () => undefined);
  return task && shapesOf(task);
}

function shapesOf(task: Task): Keys {
  return Object.fromEntries(Object.entries(keysOf(task)).map(([key, schema]) => [key, shapeOf(schema)]));
}

/** The keys of all tasks, for `defaults`, each as the default task has it. */
const everyKey: Keys = Object.fromEntries([...tasks, defaultTask].flatMap((task) => Object.entries(shapesOf(task))));

/** Orders the maps in a value. */
function orderValue(value: ValueAst, shape: Shape | undefined, text: string): Ordered[] {
  if (!shape || value.kind === "scalar") return [];
  if (value.kind === "list") {
    const items = branchOf(shape, "array")?.items;
    return value.items.flatMap((item) => orderValue(item, items, text));
  }
  const properties = branchOf(shape, "object")?.properties;
  if (!properties) return [];
  const inside = (pair: PairAst) => orderValue(pair.value, keyShape(properties, keyText(pair)), text);
  return orderMap(value, Object.keys(properties), inside, text);
}

/** One map with what is inside it; only the inside where its entries cannot be told apart. */
function orderMap(
  map: MapAst,
  order: readonly string[],
  inside: (pair: PairAst) => Ordered[],
  text: string,
): Ordered[] {
  const ranges = hasDuplicates(map) ? undefined : entryRanges(map, text);
  if (!ranges) return map.pairs.flatMap(inside);
  const rank = (pair: PairAst) => (order.includes(keyText(pair)) ? order.indexOf(keyText(pair)) : order.length);
  const places = map.pairs.map((pair, i) => ({ pair, range: ranges[i]!, maps: inside(pair) }));
  return [{ places, entries: places.toSorted((a, b) => rank(a.pair) - rank(b.pair)) }];
}

function hasDuplicates({ pairs }: MapAst): boolean {
  return new Set(pairs.map(keyText)).size < pairs.length;
}
