// Targets as execution providers of onnxruntime.
import type { InferenceSession } from "onnxruntime-node";
import type { Target } from "../nn/emission.ts";

/** The provider settings of a target. Operators without a kernel there run on the CPU. */
export function executionProviders(target: Target): InferenceSession.ExecutionProviderConfig[] {
  switch (target) {
    case "cpu":
      return ["cpu"];
    case "webgpu":
      return [{ name: "webgpu" }];
    case "cuda":
      return [{ name: "cuda", deviceId: 0 }];
    case "tensorrt":
      return [
        { name: "tensorrt", deviceId: 0 },
        { name: "cuda", deviceId: 0 },
      ];
    case "dml":
      return [{ name: "dml", deviceId: 0 }];
    case "coreml":
      return ["coreml"];
  }
}
