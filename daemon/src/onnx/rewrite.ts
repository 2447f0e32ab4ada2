// Graph rewriting: the same outputs with some values taken from elsewhere.
import type { Node, Value } from "./graph.ts";
import { nodesOf } from "./graph.ts";

/**
 * Copies what makes `outputs`, with every value that `replace` answers for swapped. What lies below swapped values is not
 * visited.
 */
export function replaceValues(outputs: readonly Value[], replace: (value: Value) => Value | undefined): Value[] {
  const made = new Map<Value, Value>();
  const swapped = (value: Value): Value => {
    const known = made.get(value);
    if (known) return known;
    const other = replace(value) ?? value;
    made.set(value, other);
    return other;
  };
  for (const n of nodesOf(outputs, (value) => replace(value) === undefined)) {
    if (!n.inputs.some((value) => value && swapped(value) !== value)) continue;
    const copies: Value[] = [];
    const copy: Node = { ...n, inputs: n.inputs.map((value) => value && swapped(value)), outputs: copies };
    for (const value of n.outputs) {
      const fresh: Value = { ...value, origin: { kind: "node", node: copy } };
      copies.push(fresh);
      if (replace(value) === undefined) made.set(value, fresh);
    }
  }
  return outputs.map(swapped);
}
