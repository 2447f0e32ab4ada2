// The cases of the self-test: each operator form as the networks use it, on small shapes, with what it should give.
import { activation, silu } from "../nn/activation.ts";
import { attention } from "../nn/attention.ts";
import { conv2d } from "../nn/conv.ts";
import type { Emission, OpForms, Target } from "../nn/emission.ts";
import { emission } from "../nn/emission.ts";
import { linear } from "../nn/linear.ts";
import { groupNorm, layerNorm } from "../nn/norm.ts";
import { WeightScope } from "../nn/weight-scope.ts";
import type { Graph, Value } from "../onnx/graph.ts";
import { graph, input } from "../onnx/graph.ts";
import * as op from "../onnx/ops.ts";
import type { Shape, Tensor } from "../tensor/tensor.ts";
import { BYTES, map, sizeOf, tensor } from "../tensor/tensor.ts";
import type { TensorRange } from "../weights/safetensors.ts";
import * as reference from "./self-test-reference.ts";

/** One need of the op table with one of its forms. */
export type Form = { [K in keyof OpForms]: { readonly need: K; readonly form: OpForms[K] } }[keyof OpForms];

export interface OpCase {
  readonly name: string;
  /** absent for operators of one form */
  readonly form?: Form;
  readonly weights: Readonly<Record<string, Tensor>>;
  readonly feeds: Readonly<Record<string, Tensor>>;
  /** The largest deviation allowed, relative to the root mean square of the expected numbers. */
  readonly tolerance: number;
  emit(scope: WeightScope, inputs: Readonly<Record<string, Value>>): Value;
  expected(): readonly number[];
}

const FLOAT = 1e-3;
/** Rounding of activations to 8 bits; kernels that saturate are ten times beyond it. */
const INT8 = 0.08;

/** Numbers in [-1, 1) that look random and are the same everywhere (Weyl sequence of the golden ratio, by index). */
function spread(shape: Shape, seed: number): Tensor {
  const fraction = (x: number) => x - Math.floor(x);
  const noise = (i: number) => fraction(Math.sin((i + 1) * 12.9898 + seed * 78.233) * 43758.5453);
  return tensor(
    Array.from({ length: sizeOf(shape) }, (_, i) => 2 * noise(i) - 1),
    shape,
  );
}

/** Weights near ±1: their products saturate the 16-bit sums of CPUs without VNNI, which the case must notice. */
const large = (x: Tensor): Tensor => map(x, (v) => Math.sign(v) * (0.75 + 0.25 * Math.abs(v)));

function attentionCase(form: OpForms["attention"], name: string, queries: number, keys: number, heads: number): OpCase {
  const width = heads * 40;
  const q = map(spread([2, queries, width], 1), (v) => 3 * v);
  const [k, v] = [spread([2, keys, width], 2), spread([2, keys, width], 3)];
  return {
    name,
    form: { need: "attention", form },
    weights: {},
    feeds: { q, k, v },
    tolerance: FLOAT,
    emit: (scope, x) => attention(scope, x.q!, x.k!, x.v!, heads),
    expected: () => reference.attention(q, k, v, heads),
  };
}

function groupNormCase(form: OpForms["groupNorm"]): OpCase {
  const x = spread([2, 32, 6, 5], 1);
  const [weight, bias] = [spread([32], 2), spread([32], 3)];
  return {
    name: "GroupNorm",
    form: { need: "groupNorm", form },
    weights: { weight, bias },
    feeds: { x },
    tolerance: FLOAT,
    emit: (scope, x) => groupNorm(scope, x.x!, 8, 1e-5),
    expected: () => reference.groupNorm(x, weight, bias, 8, 1e-5),
  };
}

function elementwiseCase(
  name: string,
  emit: (scope: WeightScope, x: Value) => Value,
  expected: (x: number) => number,
  form?: Form,
): OpCase {
  const x = map(spread([3, 50], 1), (v) => 4 * v);
  return {
    name,
    ...(form && { form }),
    weights: {},
    feeds: { x },
    tolerance: FLOAT,
    emit: (scope, x) => emit(scope, x.x!),
    expected: () => [...x.data].map(expected),
  };
}

function linearCase(form: OpForms["matMul"]): OpCase {
  const x = spread([2, 9, 64], 1);
  const [weight, bias] = [large(spread([48, 64], 2)), spread([48], 3)];
  return {
    name: "linear layer",
    form: { need: "matMul", form },
    weights: { weight, bias },
    feeds: { x },
    tolerance: form === "int8" ? INT8 : FLOAT,
    emit: (scope, x) => linear(scope, x.x!, 48),
    expected: () => reference.linear(x, weight, bias),
  };
}

function convCase(form: OpForms["matMul"], stride: 1 | 2): OpCase {
  const x = spread([2, 16, 9, 8], 1);
  const [weight, bias] = [large(spread([24, 16, 3, 3], 2)), spread([24], 3)];
  return {
    name: `convolution 3×3, stride ${stride}`,
    form: { need: "matMul", form },
    weights: { weight, bias },
    feeds: { x },
    tolerance: form === "int8" ? INT8 : FLOAT,
    emit: (scope, x) => conv2d(scope, x.x!, 24, { stride }),
    expected: () => reference.conv3x3(x, weight, bias, stride),
  };
}

function layerNormCase(): OpCase {
  const x = spread([2, 5, 40], 1);
  const [weight, bias] = [spread([40], 2), spread([40], 3)];
  return {
    name: "LayerNorm",
    weights: { weight, bias },
    feeds: { x },
    tolerance: FLOAT,
    emit: (scope, x) => layerNorm(scope, x.x!, 1e-5),
    expected: () => reference.layerNorm(x, weight, bias, 1e-5),
  };
}

function tensorCase(name: string, emit: (x: Value) => Value, expected: (x: Tensor) => number[]): OpCase {
  const x = map(spread([2, 3, 5, 7], 1), (v) => 4 * v);
  return {
    name,
    weights: {},
    feeds: { x },
    tolerance: FLOAT,
    emit: (_, x) => emit(x.x!),
    expected: () => expected(x),
  };
}

const ATTENTION_FORMS: readonly OpForms["attention"][] = ["fused", "decomposed", "sliced"];
const SILU_FORMS: readonly OpForms["silu"][] = ["quick-gelu", "sigmoid-mul"];

const FLOAT_CASES: readonly OpCase[] = [
  ...ATTENTION_FORMS.flatMap((form) => [
    attentionCase(form, "self-attention", 64, 64, 4),
    attentionCase(form, "cross-attention", 36, 77, 2),
  ]),
  groupNormCase("instance-norm"),
  groupNormCase("layer-norm"),
  ...SILU_FORMS.flatMap((form) => [
    elementwiseCase("SiLU", silu, reference.silu, { need: "silu", form }),
    elementwiseCase("quick GELU", activation("quick_gelu"), reference.quickGelu, { need: "silu", form }),
  ]),
  elementwiseCase("GELU", activation("gelu"), reference.gelu),
  elementwiseCase("GELU by tanh", activation("gelu_new"), reference.geluTanh),
  linearCase("float"),
  convCase("float", 1),
  convCase("float", 2),
  layerNormCase(),
  tensorCase("Softmax", op.softmax, (x) => reference.rowsOf(x, 7).flatMap(reference.softmax)),
  tensorCase("nearest Resize", (x) => op.resizeNearest(x, 10, 14), reference.doubled),
];

const INT8_CASES: readonly OpCase[] = [linearCase("int8"), convCase("int8", 1), convCase("int8", 2)];

/** The cases of a target: int8 forms exist for the CPU alone. */
export const casesFor = (target: Target): readonly OpCase[] =>
  target === "cpu" ? [...FLOAT_CASES, ...INT8_CASES] : FLOAT_CASES;

/** The weights of a case, one after the other, as they lie in its file. */
export const weightsFile = ({ weights }: OpCase): Uint8Array =>
  Buffer.concat(Object.values(weights).map(({ data }) => new Uint8Array(data.buffer)));

/** The graph of a case, its weights in `file`, its output named `y`. */
export function caseGraph(opCase: OpCase, target: Target, file: string): Graph {
  const inputs = Object.entries(opCase.feeds).map(([name, { shape }]) => [name, input(name, "f32", shape)] as const);
  const scope = new WeightScope(ranges(opCase, file), emissionFor(opCase, target));
  return graph(
    inputs.map(([, value]) => value),
    { y: opCase.emit(scope, Object.fromEntries(inputs)) },
  );
}

function emissionFor({ form }: OpCase, target: Target): Emission {
  const table = emission(target);
  return form ? { ...table, forms: { ...table.forms, [form.need]: form.form } } : table;
}

function ranges({ weights }: OpCase, file: string): Map<string, TensorRange> {
  let end = 0;
  return new Map(
    Object.entries(weights).map(([name, { shape }]) => {
      const length = sizeOf(shape) * BYTES.f32;
      end += length;
      return [name, { file, dtype: "f32", shape: [...shape], offset: end - length, length }];
    }),
  );
}
