// The tree of a document: plain data with a range on every key and value, kept also when the text has errors.
import type { Range } from "./source.ts";

/** How a scalar is written: `argument` on the command line, `broken` not readable (already reported). */
export type ScalarStyle = "plain" | "single" | "double" | "block" | "argument" | "broken";

/** One value. Whole numbers are bigints, so that a seed stays exact. `source` is its text without quotes. */
export interface ScalarAst {
  readonly kind: "scalar";
  readonly value: string | bigint | number | boolean | null;
  readonly source: string;
  readonly style: ScalarStyle;
  readonly range: Range;
}

/** A list. */
export interface ListAst {
  readonly kind: "list";
  readonly items: readonly ValueAst[];
  readonly range: Range;
}

/** Keys and values. */
export interface MapAst {
  readonly kind: "map";
  readonly pairs: readonly PairAst[];
  readonly range: Range;
}

/** A key with its value. A missing value is a null scalar of no length behind the key. */
export interface PairAst {
  readonly key: ScalarAst;
  readonly value: ValueAst;
}

/** Any value. An alias stands in the tree as the value it names: the same object, with the range of the original. */
export type ValueAst = ScalarAst | ListAst | MapAst;

/** The text of a key. */
export function keyText(pair: PairAst): string {
  return pair.key.source;
}

/** The pair of a key; the last one, as YAML readers do, when it is there twice. */
export function findPair(map: MapAst, key: string): PairAst | undefined {
  return map.pairs.findLast((pair) => keyText(pair) === key);
}

/** A key with its value, as one range. */
export function pairRange(pair: PairAst): Range {
  return { start: pair.key.range.start, end: Math.max(pair.key.range.end, pair.value.range.end) };
}
