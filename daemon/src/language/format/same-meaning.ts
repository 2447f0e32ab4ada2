// Whether two texts say the same: every value, exact integers and the way scalars are written included.
import { keyText, type MapAst, type PairAst, type ScalarAst, type ValueAst } from "../ast.ts";

/** How the pairs of maps are compared: `as written`, or `by key` where their order is free. */
export type PairOrder = "as written" | "by key";

/** True when two trees hold the same values in the same styles. */
export function sameMeaning(
  a: ValueAst | undefined,
  b: ValueAst | undefined,
  order: PairOrder = "as written",
): boolean {
  if (!a || !b) return a === b;
  if (a.kind === "scalar") return b.kind === "scalar" && sameScalar(a, b);
  if (a.kind === "list") return b.kind === "list" && sameItems(a.items, b.items, order);
  return b.kind === "map" && samePairs(a, b, order);
}

function sameScalar(a: ScalarAst, b: ScalarAst): boolean {
  return Object.is(a.value, b.value) && a.source === b.source && a.style === b.style;
}

function sameItems(a: readonly ValueAst[], b: readonly ValueAst[], order: PairOrder): boolean {
  return a.length === b.length && a.every((item, i) => sameMeaning(item, b[i], order));
}

function samePairs(a: MapAst, b: MapAst, order: PairOrder): boolean {
  const [left, right] = order === "by key" ? [sortedPairs(a), sortedPairs(b)] : [a.pairs, b.pairs];
  return (
    left.length === right.length &&
    left.every((pair, i) => sameScalar(pair.key, right[i]!.key) && sameMeaning(pair.value, right[i]!.value, order))
  );
}

function sortedPairs({ pairs }: MapAst): PairAst[] {
  return pairs.toSorted((x, y) => (keyText(x) < keyText(y) ? -1 : Number(keyText(x) > keyText(y))));
}
