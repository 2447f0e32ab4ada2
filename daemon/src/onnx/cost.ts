// What a graph costs before it runs: floating-point operations and bytes of weights.
import { BYTES, sizeOf } from "../tensor/tensor.ts";
import type { Graph, Node } from "./graph.ts";
import { leaves, nodesOf } from "./graph.ts";

/** Multiply-adds count as two. Only matrix products, convolutions and attention are counted. */
export function flops(graph: Graph): number {
  return nodesOf(Object.values(graph.outputs)).reduce((sum, n) => sum + nodeFlops(n), 0);
}

/** Bytes of the weights as they lie in their files, each range once. */
export function weightBytes(graph: Graph): number {
  const ranges = new Map<string, number>();
  for (const { origin } of leaves(Object.values(graph.outputs)))
    if (origin.kind === "weight") ranges.set(`${origin.range.file}:${origin.range.offset}`, origin.range.length);
  return [...ranges.values()].reduce((a, b) => a + b, 0);
}

/** Bytes of the largest single activation, the floor of what a run needs beside the weights. */
export function largestActivation(graph: Graph): number {
  const values = nodesOf(Object.values(graph.outputs)).flatMap((n) => n.outputs);
  return Math.max(0, ...values.map((v) => sizeOf(v.shape) * BYTES[v.dtype]));
}

function nodeFlops({ opType, inputs, outputs }: Node): number {
  const out = sizeOf(outputs[0]!.shape);
  switch (opType) {
    case "MatMul":
    case "MatMulIntegerToFloat":
      return 2 * out * inputs[0]!.shape.at(-1)!;
    case "Conv":
      return 2 * out * sizeOf(inputs[1]!.shape.slice(1));
    case "MultiHeadAttention":
      return 4 * out * inputs[1]!.shape[1]!;
    default:
      return 0;
  }
}
