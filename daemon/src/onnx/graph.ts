// The graph: values that know their dtype and shape, and the nodes that make them. Names come only at serialisation.
import type { DType, Shape } from "../tensor/tensor.ts";
import { formatShape } from "../tensor/tensor.ts";
import type { TensorRange } from "../weights/safetensors.ts";

/** Where a value comes from. */
export type Origin =
  | { readonly kind: "input"; readonly name: string }
  | { readonly kind: "constant"; readonly data: Uint8Array }
  | { readonly kind: "weight"; readonly range: TensorRange; readonly key: string }
  | { readonly kind: "node"; readonly node: Node };

/** A tensor of the graph. Shapes are static: a graph is made for one job. */
export interface Value {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly origin: Origin;
}

export type Attribute =
  | { readonly type: "int"; readonly value: number }
  | { readonly type: "ints"; readonly value: readonly number[] }
  | { readonly type: "float"; readonly value: number }
  | { readonly type: "string"; readonly value: string };

export type Attributes = Readonly<Record<string, Attribute>>;

/** One operator application. An absent optional input is undefined. */
export interface Node {
  readonly opType: string;
  readonly domain: "" | "com.microsoft";
  readonly inputs: readonly (Value | undefined)[];
  readonly attributes: Attributes;
  readonly outputs: readonly Value[];
}

export interface Graph {
  readonly inputs: readonly Value[];
  readonly outputs: Readonly<Record<string, Value>>;
}

/** A wrong use of an operator: thrown on the line that wrote it. */
export class GraphError extends Error {
  override readonly name = "GraphError";
}

export const int = (value: number): Attribute => ({ type: "int", value });
export const ints = (value: readonly number[]): Attribute => ({ type: "ints", value });
export const float = (value: number): Attribute => ({ type: "float", value });
export const string = (value: string): Attribute => ({ type: "string", value });

/** A tensor that is fed at every run. */
export const input = (name: string, dtype: DType, shape: Shape): Value => ({
  dtype,
  shape,
  origin: { kind: "input", name },
});

/** A tensor that lies in a weights file and never passes through JavaScript. */
export const weight = (range: TensorRange, key: string): Value => ({
  dtype: range.dtype,
  shape: range.shape,
  origin: { kind: "weight", range, key },
});

/** A node with the given output types. Op constructors call it after inferring them. */
export function node(
  opType: string,
  inputs: readonly (Value | undefined)[],
  outputs: readonly { dtype: DType; shape: Shape }[],
  attributes: Attributes = {},
  domain: Node["domain"] = "",
): Value[] {
  const values: Value[] = [];
  const made: Node = { opType, domain, inputs, attributes, outputs: values };
  for (const { dtype, shape } of outputs) {
    if (shape.some((d) => !Number.isInteger(d) || d < 0)) throw new GraphError(`${opType} makes ${formatShape(shape)}`);
    values.push({ dtype, shape, origin: { kind: "node", node: made } });
  }
  return values;
}

export function graph(inputs: readonly Value[], outputs: Readonly<Record<string, Value>>): Graph {
  const declared = new Set(inputs);
  for (const value of leaves(Object.values(outputs)))
    if (value.origin.kind === "input" && !declared.has(value))
      throw new GraphError(`input ${value.origin.name} is used but not declared`);
  return { inputs, outputs };
}

/** The nodes that make `outputs`, each after all that it needs, in a stable order; `enter` says where not to look below. */
export function nodesOf(outputs: readonly Value[], enter: (value: Value) => boolean = () => true): Node[] {
  const order: Node[] = [];
  const seen = new Set<Node>();
  const stack: { node: Node; next: number }[] = [];
  const visit = (value: Value | undefined) => {
    if (value?.origin.kind !== "node" || seen.has(value.origin.node) || !enter(value)) return;
    seen.add(value.origin.node);
    stack.push({ node: value.origin.node, next: 0 });
  };
  for (const output of outputs) {
    visit(output);
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      if (top.next < top.node.inputs.length) visit(top.node.inputs[top.next++]);
      else order.push(stack.pop()!.node);
    }
  }
  return order;
}

/** The inputs, constants and weights below `outputs`, each once. */
export function leaves(outputs: readonly Value[]): Value[] {
  const all = [...outputs, ...nodesOf(outputs).flatMap((n) => n.inputs)];
  return [...new Set(all)].filter((v): v is Value => v !== undefined && v.origin.kind !== "node");
}
