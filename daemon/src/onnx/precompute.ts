// Finds what a graph computes from weights alone, so that it can be computed once and kept in a file.
import type { TensorRange } from "../weights/safetensors.ts";
import type { Graph, Value } from "./graph.ts";
import { graph, leaves, nodesOf, weight } from "./graph.ts";
import { replaceValues } from "./rewrite.ts";

/** The values at the border: made by nodes from weights alone, and used by nodes that need more than weights. */
export function precomputable(whole: Graph): Value[] {
  const nodes = nodesOf(Object.values(whole.outputs));
  const known = new Set(leaves(Object.values(whole.outputs)).filter((v) => v.origin.kind !== "input"));
  for (const n of nodes) if (n.inputs.every((v) => !v || known.has(v))) n.outputs.forEach((v) => known.add(v));
  const used = nodes.filter((n) => !known.has(n.outputs[0]!)).flatMap((n) => n.inputs);
  const border = [...used, ...Object.values(whole.outputs)].filter((v) => v?.origin.kind === "node" && known.has(v));
  return [...new Set(border)] as Value[];
}

/** The graph with those values read from a file instead. */
export function withPrecomputed(whole: Graph, ranges: ReadonlyMap<Value, TensorRange>): Graph {
  const names = Object.keys(whole.outputs);
  const read = new Map([...ranges].map(([value, range], i) => [value, weight(range, `precomputed_${i}`)]));
  const outputs = replaceValues(Object.values(whole.outputs), (value) => read.get(value));
  return graph(whole.inputs, Object.fromEntries(names.map((name, i) => [name, outputs[i]!])));
}
