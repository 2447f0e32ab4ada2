// The networks as graphs: which operators each target is given, and what the profile `fast` leaves exact.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { clipTextModel, readClipTextConfig } from "../../../daemon/src/models/clip/index.ts";
import { readAutoencoderConfig } from "../../../daemon/src/models/stable-diffusion/autoencoder-config.ts";
import { decoder, INVARIANT_INPUTS, unet } from "../../../daemon/src/models/stable-diffusion/index.ts";
import { resnet } from "../../../daemon/src/models/stable-diffusion/resnet.ts";
import { readUNetConfig } from "../../../daemon/src/models/stable-diffusion/unet-config.ts";
import { emission, type Profile, type Target } from "../../../daemon/src/nn/emission.ts";
import { WeightScope } from "../../../daemon/src/nn/weight-scope.ts";
import { type Graph, graph, input, leaves } from "../../../daemon/src/onnx/graph.ts";
import { hoist } from "../../../daemon/src/onnx/hoist.ts";
import { print } from "../../../daemon/src/onnx/print.ts";
import { anyTensors, operators, takersOf } from "../nn/made-up-weights.ts";
import { referenceModel } from "./model-copy.ts";

const published = (component: string, model: string): unknown =>
  JSON.parse(readFileSync(join(referenceModel(model), component, "config.json"), "utf8"));

const scopeFor = (target: Target, profile?: Profile) => new WeightScope(anyTensors(), emission(target, profile));

function unetFor(target: Target, profile?: Profile, model = "sd15_txt2img"): Graph {
  const config = readUNetConfig(published("unet", model), "unet/config.json");
  return unet(scopeFor(target, profile), config, { batch: 2, height: 16, width: 20, textTokens: 77 });
}

const textFor = (target: Target): Graph => {
  const config = readClipTextConfig(published("text_encoder", "sd15_txt2img"), "text_encoder/config.json");
  return clipTextModel(scopeFor(target), config, { batch: 1, skip: 0, finalNorm: true, projection: false });
};

const decoderFor = (target: Target): Graph => {
  const config = readAutoencoderConfig(published("vae", "sd15_txt2img"), "vae/config.json");
  return decoder(scopeFor(target), config, { batch: 1, height: 8, width: 8 });
};

const foreign = (whole: Graph) => Object.keys(operators(whole)).filter((name) => name.startsWith("com.microsoft."));

test("a residual block", () => {
  const [x, time] = [input("x", "f32", [1, 4, 2, 2]), input("time", "f32", [1, 6])];
  const y = resnet(scopeFor("cpu").at("block"), x, 8, time, { groups: 2, epsilon: 1e-5, activation: "silu" });
  expect(print(graph([x, time], { y }))).toMatchInlineSnapshot(`
    "input x f32[1, 4, 2, 2]
    input time f32[1, 6]
    %0 f32[1, 8, 2, 2] = Conv(x, block.conv_shortcut.weight, block.conv_shortcut.bias, kernel_shape=[1 1], strides=[1 1], pads=[0 0 0 0])
    %1 f32[1, 2, 8] = Reshape(x, {1 2 8})
    %2 f32[1, 2, 8] = InstanceNormalization(%1, {1 1}, {0 0}, epsilon=0.00001)
    %3 f32[1, 4, 2, 2] = Reshape(%2, {1 4 2 2})
    %4 f32[1, 4, 2, 2] = BatchNormalization(%3, block.norm1.weight, block.norm1.bias, {0 0 0 0}, {1 1 1 1}, epsilon=0)
    %5 f32[1, 4, 2, 2] = QuickGelu(%4, alpha=1)
    %6 f32[1, 8, 2, 2] = Conv(%5, block.conv1.weight, block.conv1.bias, kernel_shape=[3 3], strides=[1 1], pads=[1 1 1 1])
    %7 f32[6, 8] = Transpose(block.time_emb_proj.weight, perm=[1 0])
    %8 f32[1, 8] = MatMul(time, %7)
    %9 f32[1, 8] = Add(%8, block.time_emb_proj.bias)
    %10 f32[1, 8, 1, 1] = Reshape(%9, {1 8 1 1})
    %11 f32[1, 8, 2, 2] = Add(%6, %10)
    %12 f32[1, 2, 16] = Reshape(%11, {1 2 16})
    %13 f32[1, 2, 16] = InstanceNormalization(%12, {1 1}, {0 0}, epsilon=0.00001)
    %14 f32[1, 8, 2, 2] = Reshape(%13, {1 8 2 2})
    %15 f32[1, 8, 2, 2] = BatchNormalization(%14, block.norm2.weight, block.norm2.bias, {0 0 0 0 0 0 0 0}, {1 1 1 1 1 1 1 1}, epsilon=0)
    %16 f32[1, 8, 2, 2] = QuickGelu(%15, alpha=1)
    %17 f32[1, 8, 2, 2] = Conv(%16, block.conv2.weight, block.conv2.bias, kernel_shape=[3 3], strides=[1 1], pads=[1 1 1 1])
    %18 f32[1, 8, 2, 2] = Add(%0, %17)
    output y = %18"
  `);
});

describe("operators by target:", () => {
  const networks: [string, (target: Target) => Graph][] = [
    ["the UNet", unetFor],
    ["the text encoder", textFor],
    ["the decoder", decoderFor],
  ];

  describe.each(networks)("%s", (_, emit) => {
    test.each(["webgpu", "tensorrt", "coreml"] as const)("for %s holds plain ONNX operators only", (target) => {
      expect(foreign(emit(target))).toEqual([]);
    });

    test.each(["cpu", "cuda", "dml"] as const)("for %s activates in one node", (target) => {
      expect(foreign(emit(target))).toContain("com.microsoft.QuickGelu");
      expect(operators(emit(target))).not.toHaveProperty("Sigmoid");
    });
  });

  // Blocks with text: two on the way down of 2 layers, the middle, two on the way up of 3; each attends twice, to itself and to the text.
  test("the UNet for the CPU fuses every attention", () => {
    const counts = operators(unetFor("cpu"));
    const attentions = 2 * (2 + 2 + 1 + 3 + 3);
    expect(counts["com.microsoft.MultiHeadAttention"]).toBe(attentions);
    expect(counts).not.toHaveProperty("Softmax");
    expect(operators(unetFor("webgpu")).Softmax).toBe(attentions);
  });

  test("the text encoder's attention has a mask, so it is decomposed everywhere", () => {
    expect(operators(textFor("cpu")).Softmax).toBe(2);
    expect(foreign(textFor("cpu"))).not.toContain("com.microsoft.MultiHeadAttention");
  });
});

describe("the profile fast", () => {
  const fast = unetFor("cpu", "fast");

  test("has int8 products and convolutions on the CPU, and none elsewhere", () => {
    const counts = operators(fast);
    expect(counts["com.microsoft.MatMulIntegerToFloat"]).toBeGreaterThan(25);
    expect(foreign(unetFor("webgpu", "fast"))).toEqual([]);
    expect(operators(unetFor("cpu"))).not.toHaveProperty(["com.microsoft.MatMulIntegerToFloat"]);
  });

  test.each<[string, string[]]>([
    ["conv_in.weight", ["Conv"]],
    ["conv_out.weight", ["Conv"]],
    ["time_embedding.linear_1.weight", ["MatMul"]],
    ["time_embedding.linear_2.weight", ["MatMul"]],
    ["mid_block.resnets.0.time_emb_proj.weight", ["MatMul"]],
    ["up_blocks.2.resnets.2.conv1.weight", ["Conv"]],
    ["up_blocks.2.resnets.2.conv2.weight", ["Conv"]],
    ["down_blocks.0.attentions.0.transformer_blocks.0.attn2.to_k.weight", ["MatMul"]],
  ])("leaves %s exact", (key, takers) => expect(takersOf(fast, key)).toEqual(takers));

  test.each([
    "down_blocks.0.resnets.0.conv1.weight",
    "mid_block.resnets.1.conv2.weight",
    "up_blocks.1.resnets.0.conv1.weight",
    "down_blocks.0.attentions.0.transformer_blocks.0.attn1.to_q.weight",
    "mid_block.attentions.0.transformer_blocks.0.ff.net.0.proj.weight",
    "up_blocks.1.attentions.0.transformer_blocks.0.attn2.to_q.weight",
    "up_blocks.2.resnets.0.conv1.weight",
    "up_blocks.2.attentions.1.transformer_blocks.0.ff.net.2.weight",
  ])("quantises %s", (key) => expect(takersOf(fast, key)).toEqual(["Abs", "Div"]));

  test("reads the same weights as the exact one", () => {
    const keys = (whole: Graph) =>
      new Set(leaves(Object.values(whole.outputs)).map(({ origin }) => (origin.kind === "weight" ? origin.key : "")));
    expect(keys(fast)).toEqual(keys(unetFor("cpu")));
  });
});

describe("what a step computes", () => {
  test.each(["sd15_txt2img", "sdxl_txt2img", "lcm"])("of %s holds no work on the text alone", (model) => {
    const { prologue, body } = hoist(unetFor("cpu", "exact", model), INVARIANT_INPUTS);
    const names = (whole: Graph) => whole.inputs.map(({ origin }) => (origin.kind === "input" ? origin.name : ""));
    expect(names(body).filter((name) => !name.startsWith("hoisted_"))).toEqual(["sample", "timestep"]);
    expect(takersOf(prologue, "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight")).toEqual(["MatMul"]);
    expect(takersOf(body, "mid_block.attentions.0.transformer_blocks.0.attn2.to_k.weight")).toEqual([]);
    expect(takersOf(body, "mid_block.attentions.0.transformer_blocks.0.attn2.to_q.weight")).toEqual(["MatMul"]);
  });
});
