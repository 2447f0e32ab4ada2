// What `device: auto` means on this machine.
import { DiffusionError } from "../base/errors.ts";
import type { Target } from "../nn/emission.ts";
import type { Memory } from "./cache-folder.ts";
import { knownProvider } from "./probe.ts";
import { checkedEmission } from "./self-test.ts";

const CANDIDATES: Partial<Record<NodeJS.Platform, readonly Target[]>> = {
  linux: ["cuda", "webgpu"],
  win32: ["dml", "webgpu"],
  darwin: ["webgpu", "coreml"],
};

/**
 * The first GPU provider that works, computes right, and beats the CPU in matrix products, which a software adapter never
 * does; else the CPU.
 */
export async function automaticTarget(memory?: Memory): Promise<Target> {
  for (const target of CANDIDATES[process.platform] ?? [])
    if ((await isFasterThanCpu(target, memory)) && (await computesRight(target, memory))) return target;
  return "cpu";
}

async function isFasterThanCpu(target: Target, memory?: Memory): Promise<boolean> {
  const [gpu, cpu] = [await knownProvider(target, memory), await knownProvider("cpu", memory)];
  return gpu.works && (gpu.gflops ?? 0) > (cpu.gflops ?? 0);
}

async function computesRight(target: Target, memory?: Memory): Promise<boolean> {
  try {
    await checkedEmission(target, "exact", memory);
    return true;
  } catch (error) {
    if (error instanceof DiffusionError && error.code === "device-unavailable") return false;
    throw error;
  }
}
