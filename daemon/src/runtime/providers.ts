// Targets as execution providers of onnxruntime, and what they need.
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { InferenceSession } from "onnxruntime-node";
import type { Target } from "../nn/emission.ts";
import { runtimeLibraries } from "./machine.ts";

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

/** What this installation or system lacks for a target; undefined when only trying can tell. */
export function whatLacks(target: Target): string | undefined {
  if (target === "dml" && process.platform !== "win32") return "DirectML exists on Windows only";
  if (target === "coreml" && process.platform !== "darwin") return "Core ML exists on macOS only";
  if (target !== "cuda" && target !== "tensorrt") return undefined;
  if (process.platform === "darwin") return "NVIDIA libraries do not exist for macOS";
  const [prefix, suffix] = process.platform === "win32" ? ["", ".dll"] : ["lib", ".so"];
  const needed = ["shared", target].map((name) => `${prefix}onnxruntime_providers_${name}${suffix}`);
  const missing = needed.filter((file) => !existsSync(join(runtimeLibraries(), file)));
  if (missing.length === 0) return undefined;
  return `onnxruntime-node is installed without ${missing.join(" and ")} (looked in ${runtimeLibraries()})`;
}
