// Weights that exist only as names, for graphs that are looked at and never run.
import { type Graph, nodesOf, type Value } from "../../../daemon/src/onnx/graph.ts";
import type { Tensors } from "../../../daemon/src/nn/weight-scope.ts";
import type { Shape } from "../../../daemon/src/tensor/tensor.ts";
import { sizeOf } from "../../../daemon/src/tensor/tensor.ts";
import type { TensorRange } from "../../../daemon/src/weights/safetensors.ts";

/** Any key has the shape that is asked for, each in a place of its own. */
export function anyTensors(): Tensors {
  const places = new Map<string, TensorRange>();
  const make = (key: string, shape: Shape): TensorRange => {
    const range = {
      file: "/w",
      dtype: "f32",
      shape: [...shape],
      offset: places.size * 1e9,
      length: 4 * sizeOf(shape),
    } as const;
    places.set(key, range);
    return range;
  };
  return { has: () => true, get: (key, shape) => places.get(key) ?? make(key, shape), keys: () => places.keys() };
}

/** These keys and no others. */
export const namedTensors = (shapes: Readonly<Record<string, readonly number[]>>): Tensors =>
  new Map(
    Object.entries(shapes).map(([key, shape]): [string, TensorRange] => [
      key,
      { file: "/models/tiny.safetensors", dtype: "f32", shape: [...shape], offset: 0, length: 4 * sizeOf(shape) },
    ]),
  );

/** How often each operator stands in a graph: `com.microsoft.QuickGelu: 2`. */
export function operators(graph: Graph): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { domain, opType } of nodesOf(Object.values(graph.outputs))) {
    const name = domain ? `${domain}.${opType}` : opType;
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

const REARRANGING = ["Transpose", "Reshape", "Slice", "Cast"];

/** The operators that take a weight, by its key; behind those that only rearrange it. */
export function takersOf(graph: Graph, key: string): string[] {
  const nodes = nodesOf(Object.values(graph.outputs));
  const isIt = ({ origin }: Value) => origin.kind === "weight" && origin.key === key;
  const held = new Set(nodes.flatMap(({ inputs }) => inputs).filter((value) => value && isIt(value)));
  const takers = new Set<string>();
  for (const { opType, inputs, outputs } of nodes) {
    if (!inputs.some((value) => held.has(value))) continue;
    if (REARRANGING.includes(opType)) outputs.forEach((value) => held.add(value));
    else takers.add(opType);
  }
  return [...takers].sort();
}
