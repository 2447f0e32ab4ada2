// The facts behind `diffusion doctor`: what this machine has, which devices work, and why the others do not.
import { availableParallelism, freemem } from "node:os";
import type { Target } from "../nn/emission.ts";
import { automaticTarget } from "./automatic-target.ts";
import type { Memory } from "./cache-folder.ts";
import { cacheFolder, folderSize } from "./cache-folder.ts";
import { cpuIdentity, physicalCores, runtimeVersion, usableMemory } from "./machine.ts";
import type { ProviderReport } from "./probe.ts";
import { knownProvider } from "./probe.ts";
import type { OpResult } from "./self-test.ts";
import { knownSelfTest } from "./self-test.ts";

export interface Diagnosis {
  /** versions of Node.js and of onnxruntime */
  readonly node: string;
  readonly runtime: string;
  /** `linux-x64` */
  readonly system: string;
  readonly cpu: {
    readonly model: string;
    readonly cores: number;
    readonly threads: number;
    /** instruction sets that matter for speed */
    readonly features: readonly string[];
  };
  /** bytes */
  readonly memory: { readonly usable: number; readonly free: number };
  readonly devices: readonly DeviceDiagnosis[];
  /** the device that `auto` means */
  readonly automatic: Target;
  readonly cache: { readonly folder: string; readonly bytes: number };
}

export interface DeviceDiagnosis extends ProviderReport {
  /** the op self-test, on a device that works */
  readonly operators?: readonly OpResult[];
}

const TARGETS: readonly Target[] = ["cpu", "cuda", "tensorrt", "dml", "coreml", "webgpu"];

const FEATURES = /^(avx2|avx512f|avx512_?vnni|avx_?vnni|avx512_?bf16|amx_.*|fma|f16c|asimddp|i8mm|bf16|sve2?)$/;

/** Probes every device anew, in processes of their own, and remembers the results for `auto` and the op table. */
export async function diagnose(folder: string = cacheFolder()): Promise<Diagnosis> {
  const { model, features } = cpuIdentity();
  const devices: DeviceDiagnosis[] = [];
  for (const target of TARGETS) devices.push(await diagnoseDevice(target, { folder, refresh: true }));
  return {
    node: process.versions.node,
    runtime: runtimeVersion(),
    system: `${process.platform}-${process.arch}`,
    cpu: {
      model,
      cores: physicalCores(),
      threads: availableParallelism(),
      features: features.split(" ").filter((name) => FEATURES.test(name)),
    },
    memory: { usable: usableMemory(), free: freemem() },
    devices,
    automatic: await automaticTarget({ folder }),
    cache: { folder, bytes: await folderSize(folder) },
  };
}

async function diagnoseDevice(target: Target, memory: Memory): Promise<DeviceDiagnosis> {
  const provider = await knownProvider(target, memory);
  return provider.works ? { ...provider, operators: await knownSelfTest(target, memory) } : provider;
}
