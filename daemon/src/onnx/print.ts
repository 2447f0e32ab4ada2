// A graph as text, for people and snapshot tests: one line a node.
import { formatShape } from "../tensor/tensor.ts";
import type { Attribute, Graph, Value } from "./graph.ts";
import { nodesOf } from "./graph.ts";

/** One line per input, node and output: `%3 f32[1, 8] = MatMul(%2, to_q.weight)`. */
export function print(graph: Graph): string {
  const numbers = new Map<Value, string>();
  const name = (value: Value | undefined): string => {
    if (!value) return "_";
    const { origin } = value;
    if (origin.kind === "input") return origin.name;
    if (origin.kind === "weight") return origin.key;
    if (origin.kind === "constant") return constantText(value.dtype, origin.data);
    return numbers.get(value) ?? "?";
  };
  const lines = graph.inputs.map((value) => `input ${name(value)} ${typeText(value)}`);
  for (const n of nodesOf(Object.values(graph.outputs))) {
    for (const value of n.outputs) numbers.set(value, `%${numbers.size}`);
    const made = n.outputs.map((value) => `${name(value)} ${typeText(value)}`).join(", ");
    const attributes = Object.entries(n.attributes).map(([key, a]) => `${key}=${attributeText(a)}`);
    lines.push(`${made} = ${n.opType}(${[...n.inputs.map(name), ...attributes].join(", ")})`);
  }
  for (const [key, value] of Object.entries(graph.outputs)) lines.push(`output ${key} = ${name(value)}`);
  return lines.join("\n");
}

const typeText = (value: Value): string => `${value.dtype}${formatShape(value.shape)}`;

const attributeText = (a: Attribute): string => (a.type === "ints" ? `[${a.value.join(" ")}]` : String(a.value));

function constantText(dtype: string, data: Uint8Array): string {
  const values =
    dtype === "i64"
      ? new BigInt64Array(data.slice().buffer)
      : dtype === "f32"
        ? new Float32Array(data.slice().buffer)
        : data;
  const text = Array.from(values as ArrayLike<number | bigint>, String);
  return text.length > 8 ? `{${text.slice(0, 3).join(" ")} … ${text.length}}` : `{${text.join(" ")}}`;
}
