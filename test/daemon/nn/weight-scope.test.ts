// The weight scope: paths spell published keys, and what is missing or misshapen is named whole.
import { describe, expect, test } from "vitest";
import { emission } from "../../../daemon/src/nn/emission.ts";
import { WeightScope } from "../../../daemon/src/nn/weight-scope.ts";
import type { TensorRange } from "../../../daemon/src/weights/safetensors.ts";
import { namedTensors } from "./made-up-weights.ts";

const tensors = namedTensors({
  "down_blocks.0.resnets.1.conv1.weight": [8, 4, 3, 3],
  "down_blocks.0.resnets.1.conv2.weight": [8, 8, 3, 3],
  "mid_block.resnets.0.conv1.bias": [8],
});
const root = new WeightScope(tensors, emission("cpu", "fast"));

test("a path spells the key", () => {
  const { origin } = root.at("down_blocks", 0).at("resnets", 1, "conv1").tensor("weight", [8, 4, 3, 3]);
  expect(origin).toMatchObject({ kind: "weight", key: "down_blocks.0.resnets.1.conv1.weight" });
});

test("an empty step is no step", () => {
  expect(root.at("", "mid_block").at("").at("resnets", 0, "conv1").has("bias")).toBe(true);
});

test("has asks for the key alone", () => {
  expect(root.at("mid_block", "resnets", 0, "conv1").has("weight")).toBe(false);
});

describe("refuses", () => {
  test("a missing key, by its whole name and the nearest there is", () => {
    const take = () => root.at("down_blocks", 0, "resnets", 1, "conv3").tensor("weight", [8]);
    expect(take).toThrow(
      expect.objectContaining({
        code: "model-invalid",
        message:
          "the weights lack down_blocks.0.resnets.1.conv3.weight (nearest: down_blocks.0.resnets.1.conv1.weight)",
      }) as Error,
    );
  });

  test("a missing key that is like no other, without a guess", () => {
    expect(() => root.tensor("vae", [1])).toThrow(/^the weights lack vae$/);
  });

  test("another shape than the config's, naming file, key and both shapes", () => {
    expect(() => root.at("mid_block", "resnets", 0, "conv1").tensor("bias", [16])).toThrow(
      "mid_block.resnets.0.conv1.bias in /models/tiny.safetensors is [8], but the config makes it [16]",
    );
  });
});

test.each(["f16", "bf16"] as const)("%s weights are cast to f32", (dtype) => {
  const range: TensorRange = { file: "/w", dtype, shape: [2], offset: 0, length: 4 };
  const value = new WeightScope(new Map([["w", range]]), emission("cpu")).tensor("w", [2]);
  expect(value).toMatchObject({ dtype: "f32", origin: { kind: "node", node: { opType: "Cast" } } });
});

test("exact keeps a place in full precision, and below it", () => {
  expect(root.forms.matMul).toBe("int8");
  const exact = root.at("mid_block").exact();
  expect([exact.forms.matMul, exact.emission.profile]).toEqual(["float", "exact"]);
  expect(exact.at("resnets", 0).forms.matMul).toBe("float");
  expect(exact.at("resnets", 0, "conv1").has("bias")).toBe(true);
  expect(root.at("mid_block").forms.matMul).toBe("int8");
});

test.each(["cuda", "tensorrt", "dml", "coreml", "webgpu"] as const)("int8 is for the CPU alone, not %s", (target) => {
  expect(emission(target, "fast").forms).toEqual(emission(target).forms);
});
