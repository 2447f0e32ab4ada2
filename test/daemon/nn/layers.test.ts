// Layers: the graph that each emits, by target and profile, and that all forms of one layer give the same numbers.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { activation } from "../../../daemon/src/nn/activation.ts";
import { attention } from "../../../daemon/src/nn/attention.ts";
import { conv2d } from "../../../daemon/src/nn/conv.ts";
import { emission, type OpForms } from "../../../daemon/src/nn/emission.ts";
import { embedding, linear, linearPart } from "../../../daemon/src/nn/linear.ts";
import { groupNorm, layerNorm } from "../../../daemon/src/nn/norm.ts";
import { sinusoid } from "../../../daemon/src/nn/timestep-embedding.ts";
import { type Tensors, WeightScope } from "../../../daemon/src/nn/weight-scope.ts";
import { graph, input, type Value } from "../../../daemon/src/onnx/graph.ts";
import * as op from "../../../daemon/src/onnx/ops.ts";
import { print } from "../../../daemon/src/onnx/print.ts";
import { Engine } from "../../../daemon/src/runtime/engine.ts";
import { sizeOf, type Tensor, tensor } from "../../../daemon/src/tensor/tensor.ts";
import { expectClose } from "../../golden/reference.ts";
import { anyTensors } from "./made-up-weights.ts";

const portable = new WeightScope(anyTensors(), emission("webgpu"));
const x = (...shape: number[]): Value => input("x", "f32", shape);
const shown = (y: Value, ...inputs: Value[]): string => print(graph(inputs, { y }));

describe("what is emitted:", () => {
  test("a linear layer, its weight lying as (out, in)", () => {
    const q = x(1, 7, 4);
    expect(shown(linear(portable.at("to_q"), q, 6, { bias: false }), q)).toMatchInlineSnapshot(`
      "input x f32[1, 7, 4]
      %0 f32[4, 6] = Transpose(to_q.weight, perm=[1 0])
      %1 f32[1, 7, 6] = MatMul(x, %0)
      output y = %1"
    `);
  });

  test("one half of a packed linear layer", () => {
    const q = x(2, 4);
    expect(shown(linearPart(portable.at("proj"), q, 6, 1, 2), q)).toMatchInlineSnapshot(`
      "input x f32[2, 4]
      %0 f32[6, 4] = Slice(proj.weight, {6}, {12}, {0}, {1})
      %1 f32[4, 6] = Transpose(%0, perm=[1 0])
      %2 f32[2, 6] = MatMul(x, %1)
      %3 f32[6] = Slice(proj.bias, {6}, {12}, {0}, {1})
      %4 f32[2, 6] = Add(%2, %3)
      output y = %4"
    `);
  });

  test("group norm as instance norm", () => {
    const q = x(1, 8, 2, 2);
    expect(shown(groupNorm(portable.at("norm1"), q, 4, 1e-6), q)).toMatchInlineSnapshot(`
      "input x f32[1, 8, 2, 2]
      %0 f32[1, 4, 8] = Reshape(x, {1 4 8})
      %1 f32[1, 4, 8] = InstanceNormalization(%0, {1 1 1 1}, {0 0 0 0}, epsilon=0.000001)
      %2 f32[1, 8, 2, 2] = Reshape(%1, {1 8 2 2})
      %3 f32[1, 8, 2, 2] = BatchNormalization(%2, norm1.weight, norm1.bias, {0 0 0 0 0 0 0 0}, {1 1 1 1 1 1 1 1}, epsilon=0)
      output y = %3"
    `);
  });

  test("attention of two heads, decomposed", () => {
    const [q, k, v] = [x(1, 5, 6), input("k", "f32", [1, 3, 6]), input("v", "f32", [1, 3, 6])];
    expect(shown(attention(portable, q, k, v, 2), q, k, v)).toMatchInlineSnapshot(`
      "input x f32[1, 5, 6]
      input k f32[1, 3, 6]
      input v f32[1, 3, 6]
      %0 f32[1, 5, 2, 3] = Reshape(x, {1 5 2 3})
      %1 f32[1, 2, 5, 3] = Transpose(%0, perm=[0 2 1 3])
      %2 f32[1, 2, 5, 3] = Mul(%1, {0.5773502588272095})
      %3 f32[1, 3, 2, 3] = Reshape(k, {1 3 2 3})
      %4 f32[1, 2, 3, 3] = Transpose(%3, perm=[0 2 3 1])
      %5 f32[1, 2, 5, 3] = MatMul(%2, %4)
      %6 f32[1, 2, 5, 3] = Softmax(%5, axis=-1)
      %7 f32[1, 3, 2, 3] = Reshape(v, {1 3 2 3})
      %8 f32[1, 2, 3, 3] = Transpose(%7, perm=[0 2 1 3])
      %9 f32[1, 2, 5, 3] = MatMul(%6, %8)
      %10 f32[1, 5, 2, 3] = Transpose(%9, perm=[0 2 1 3])
      %11 f32[1, 5, 6] = Reshape(%10, {1 5 6})
      output y = %11"
    `);
  });

  test("a strided convolution with its own pads", () => {
    const q = x(1, 3, 8, 8);
    const y = conv2d(portable.at("conv"), q, 5, { stride: 2, pads: [0, 0, 1, 1] });
    expect(shown(y, q)).toMatchInlineSnapshot(`
      "input x f32[1, 3, 8, 8]
      %0 f32[1, 5, 4, 4] = Conv(x, conv.weight, conv.bias, kernel_shape=[3 3], strides=[2 2], pads=[0 0 1 1])
      output y = %0"
    `);
  });

  test("an embedding", () => {
    const ids = input("ids", "i64", [1, 7]);
    const y = embedding(portable.at("tokens"), ids, 100, 8);
    expect(shown(y, ids)).toBe(
      "input ids i64[1, 7]\n%0 f32[1, 7, 8] = Gather(tokens.weight, ids, axis=0)\noutput y = %0",
    );
  });

  test("an activation of no known name", () => {
    expect(() => activation("swiglu")).toThrow("unknown activation swiglu; known: silu, swish, quick_gelu");
    expect(() => activation("toString")).toThrow("unknown activation toString");
  });
});

// ---- forms compute the same --------------------------------------------------------------------------------------------

let engine: Engine;
let folder: string;
beforeAll(async () => {
  engine = await Engine.start({ target: "cpu", threads: 1 });
  folder = mkdtempSync(join(tmpdir(), "layers test "));
});
afterAll(async () => {
  await engine.close();
  rmSync(folder, { recursive: true });
});

/** Numbers like those of a normal distribution, the same at every run. */
const wave = (...shape: number[]): Tensor =>
  tensor(
    Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i * 12.9898 + 1) * 1.7),
    shape,
  );

/** Any key, with numbers on disk. */
function filledTensors(): Tensors {
  const file = join(folder, "weights.bin");
  writeFileSync(file, Buffer.from(wave(4096).data.buffer));
  return {
    has: () => true,
    get: (_, shape) => ({ file, dtype: "f32", shape: [...shape], offset: 0, length: 4 * sizeOf(shape) }),
    keys: () => [],
  };
}

const withForms = (forms: Partial<OpForms>): WeightScope => {
  const plain = emission("webgpu");
  return new WeightScope(filledTensors(), { ...plain, forms: { ...plain.forms, ...forms } });
};

type Layer = (scope: WeightScope, x: Value) => Value;

async function compute(layer: Layer, forms: Partial<OpForms>, fed: Tensor): Promise<Tensor> {
  const q = x(...fed.shape);
  const session = await engine.session(graph([q], { y: layer(withForms(forms), q) }));
  return (await session.run({ x: fed })).y!;
}

describe("forms of one need give the same numbers:", () => {
  const self: Layer = (scope, q) => attention(scope, q, op.scale(q, 0.5), op.neg(q), 4);
  const mask = op.constant([0, -1e9, 0, 0, 0, 0, -1e9, 0, 0], [3, 3]);
  const masked: Layer = (scope, q) => attention(scope, q, op.scale(q, 0.5), op.neg(q), 4, mask);

  test.each<[string, Layer, Partial<OpForms>, Tensor]>([
    ["attention, fused", self, { attention: "fused" }, wave(2, 9, 16)],
    ["attention, head by head", self, { attention: "sliced" }, wave(2, 9, 16)],
    ["attention with a mask, fused where there is none", masked, { attention: "fused" }, wave(1, 3, 8)],
    ["attention with a mask, head by head", masked, { attention: "sliced" }, wave(1, 3, 8)],
    ["group norm", (scope, q) => groupNorm(scope, q, 4, 1e-5), { groupNorm: "layer-norm" }, wave(2, 8, 3, 5)],
    ["SiLU", activation("silu"), { silu: "quick-gelu" }, wave(3, 5)],
    ["CLIP's GELU", activation("quick_gelu"), { silu: "quick-gelu" }, wave(3, 5)],
  ])("%s", async (_, layer, forms, fed) => {
    const [got, want] = [await compute(layer, forms, fed), await compute(layer, {}, fed)];
    expectClose(got.data, want.data, 1e-5, "forms");
  });

  test("and a mask matters", async () => {
    const open: Layer = (scope, q) => attention(scope, q, op.scale(q, 0.5), op.neg(q), 4);
    expect((await compute(masked, {}, wave(1, 3, 8))).data).not.toEqual((await compute(open, {}, wave(1, 3, 8))).data);
  });

  test.each<[string, Layer, Tensor]>([
    ["linear", (scope, q) => linear(scope, q, 8), wave(3, 16)],
    ["linear without bias", (scope, q) => linear(scope, q, 8, { bias: false }), wave(2, 3, 16)],
    ["conv 3×3", (scope, q) => conv2d(scope, q, 6), wave(1, 4, 7, 5)],
    ["conv 3×3 of stride 2", (scope, q) => conv2d(scope, q, 6, { stride: 2 }), wave(1, 4, 7, 6)],
    ["conv 1×1", (scope, q) => conv2d(scope, q, 6, { kernel: 1 }), wave(1, 4, 3, 3)],
  ])("int8 %s, within two hundredths of the range", async (_, layer, fed) => {
    const [got, want] = [await compute(layer, { matMul: "int8" }, fed), await compute(layer, {}, fed)];
    expectClose(got.data, want.data, 0.02, "int8");
  });
});

describe("numbers by definition:", () => {
  test("layer norm over the last axis", async () => {
    const fed = wave(2, 8);
    const { data } = await compute((scope, q) => layerNorm(scope, q), {}, fed);
    const [gamma, beta] = [wave(8).data, wave(8).data];
    const want = Array.from({ length: 16 }, (_, i) => {
      const row = [...fed.data.slice(i - (i % 8), i - (i % 8) + 8)];
      const mean = row.reduce((a, b) => a + b) / 8;
      const variance = row.reduce((sum, v) => sum + (v - mean) ** 2, 0) / 8;
      return ((fed.data[i]! - mean) / Math.sqrt(variance + 1e-5)) * gamma[i % 8]! + beta[i % 8]!;
    });
    expectClose(data, want, 1e-5, "layer norm");
  });

  test.each([
    [false, 0, 6],
    [true, 0, 6],
    [false, 1, 6],
    [true, 0, 5],
  ])("sinusoids, cosines first: %s, shift %i, width %i", async (flipSinToCos, frequencyShift, width) => {
    const layer: Layer = (_, t) => sinusoid(t, width, { flipSinToCos, frequencyShift });
    const { shape, data } = await compute(layer, {}, tensor([0, 999]));
    const half = Math.floor(width / 2);
    const want = [0, 999].flatMap((t) => {
      const angles = Array.from(
        { length: half },
        (_, i) => t * Math.exp((-Math.log(10000) * i) / (half - frequencyShift)),
      );
      const [sines, cosines] = [angles.map(Math.sin), angles.map(Math.cos)];
      const waves = flipSinToCos ? [...cosines, ...sines] : [...sines, ...cosines];
      return width % 2 === 0 ? waves : [...waves, 0];
    });
    expect(shape).toEqual([2, width]);
    expectClose(data, want, 1e-4, "sinusoid");
  });
});
