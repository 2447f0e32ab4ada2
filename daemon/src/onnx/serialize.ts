// A graph as the bytes of an ONNX ModelProto (field numbers: onnx/onnx.proto). Weights stay in their files as external data.
import type { DType, Shape } from "../tensor/tensor.ts";
import type { Attribute, Graph, Node, Value } from "./graph.ts";
import { leaves, nodesOf } from "./graph.ts";
import { ONNX_DTYPES } from "./ops.ts";
import { Message } from "./protobuf.ts";

const IR_VERSION = 10;
const OPSET = 21;

/**
 * Serialises a graph. External data locations are absolute paths without the leading `/`: the session must be created
 * with `/` as the folder of external initialisers.
 */
export function serialize(graph: Graph): Uint8Array {
  const outputs = Object.entries(graph.outputs);
  const nodes = nodesOf(outputs.map(([, value]) => value));
  const initializers = leaves(outputs.map(([, value]) => value)).filter((v) => v.origin.kind !== "input");
  const names = nameValues(graph, nodes, initializers);
  const proto = new Message();
  nodes.forEach((n, i) => proto.message(1, nodeProto(n, `${n.opType}_${i}`, names)));
  proto.string(2, "diffusion");
  for (const value of firstOfEachName(initializers, names)) proto.message(5, tensorProto(value, names.get(value)!));
  // An output that is also an input or a weight needs a node of its own to carry the name.
  for (const [name, value] of outputs)
    if (names.get(value) !== name) proto.message(1, identityProto(names.get(value)!, name));
  for (const value of graph.inputs) proto.message(11, valueInfo(names.get(value)!, value.dtype, value.shape));
  for (const [name, value] of outputs) proto.message(12, valueInfo(name, value.dtype, value.shape));
  const opset = (domain: string, version: number) => new Message().string(1, domain).varint(2, version);
  return new Message()
    .varint(1, IR_VERSION)
    .message(8, opset("", OPSET))
    .message(8, opset("com.microsoft", 1))
    .message(7, proto)
    .finish();
}

function nameValues(graph: Graph, nodes: readonly Node[], initializers: readonly Value[]): Map<Value, string> {
  const names = new Map<Value, string>();
  for (const value of graph.inputs) if (value.origin.kind === "input") names.set(value, value.origin.name);
  for (const [name, value] of Object.entries(graph.outputs))
    if (value.origin.kind === "node" && !names.has(value)) names.set(value, name);
  const weights = { byPlace: new Map<string, string>(), taken: new Set<string>() };
  initializers.forEach((value, i) =>
    names.set(value, value.origin.kind === "weight" ? weightName(value, weights) : `constant_${i}`),
  );
  let next = 0;
  for (const n of nodes) for (const value of n.outputs) if (!names.has(value)) names.set(value, `value_${next++}`);
  return names;
}

/** One name per byte range and type, so that a weight used twice is stored once; the key if it is free. */
function weightName(
  { origin, dtype, shape }: Value,
  names: { byPlace: Map<string, string>; taken: Set<string> },
): string {
  if (origin.kind !== "weight") throw new TypeError("not a weight");
  const place = [origin.range.file, origin.range.offset, dtype, ...shape].join(":");
  const known = names.byPlace.get(place);
  if (known !== undefined) return known;
  const name = names.taken.has(origin.key) ? `${origin.key}:${names.taken.size}` : origin.key;
  names.byPlace.set(place, name);
  names.taken.add(name);
  return name;
}

function firstOfEachName(values: readonly Value[], names: ReadonlyMap<Value, string>): Value[] {
  return [...new Map(values.map((value) => [names.get(value), value])).values()];
}

function nodeProto(n: Node, name: string, names: ReadonlyMap<Value, string>): Message {
  const proto = new Message();
  const used = n.inputs.slice(0, n.inputs.findLastIndex((value) => value !== undefined) + 1);
  for (const value of used) proto.string(1, value ? names.get(value)! : "");
  for (const value of n.outputs) proto.string(2, names.get(value)!);
  proto.string(3, name).string(4, n.opType);
  for (const [key, attribute] of Object.entries(n.attributes)) proto.message(5, attributeProto(key, attribute));
  if (n.domain) proto.string(7, n.domain);
  return proto;
}

const identityProto = (from: string, to: string): Message =>
  new Message().string(1, from).string(2, to).string(3, `Identity_${to}`).string(4, "Identity");

function attributeProto(name: string, attribute: Attribute): Message {
  const proto = new Message().string(1, name);
  switch (attribute.type) {
    case "float":
      return proto.float(2, attribute.value).varint(20, 1);
    case "int":
      return proto.varint(3, attribute.value).varint(20, 2);
    case "string":
      return proto.string(4, attribute.value).varint(20, 3);
    case "ints":
      for (const value of attribute.value) proto.varint(8, value);
      return proto.varint(20, 7);
  }
}

function tensorProto(value: Value, name: string): Message {
  const proto = new Message().packed(1, value.shape).varint(2, ONNX_DTYPES[value.dtype]).string(8, name);
  const { origin } = value;
  if (origin.kind === "constant") return proto.bytes(9, origin.data);
  if (origin.kind !== "weight") throw new TypeError("not an initializer");
  const entry = (key: string, text: string) => new Message().string(1, key).string(2, text);
  return proto
    .message(13, entry("location", origin.range.file.replace(/^[/\\]+/, "")))
    .message(13, entry("offset", String(origin.range.offset)))
    .message(13, entry("length", String(origin.range.length)))
    .varint(14, 1);
}

function valueInfo(name: string, dtype: DType, shape: Shape): Message {
  const dims = new Message();
  for (const d of shape) dims.message(1, new Message().varint(1, d));
  const tensorType = new Message().varint(1, ONNX_DTYPES[dtype]).message(2, dims);
  return new Message().string(1, name).message(2, new Message().message(1, tensorType));
}
