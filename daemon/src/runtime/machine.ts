// Facts of this machine that decide how the engine works: cores, memory, the runtime library, graphics drivers.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { availableParallelism, cpus, platform, release, totalmem } from "node:os";
import { dirname, join } from "node:path";

/** Cores with an arithmetic unit of their own, among those this process may use: hyper-threads only slow products down. */
export function physicalCores(): number {
  const usable = availableParallelism();
  if (process.platform === "linux") return Math.min(usable, coresIn(textOf("/proc/cpuinfo")) || usable);
  // Apple silicon has no hyper-threads; x64 machines nearly always have two a core.
  return process.arch === "arm64" ? usable : Math.max(1, Math.ceil(usable / 2));
}

/** Distinct (socket, core) pairs of a Linux `/proc/cpuinfo`; 0 where it does not tell them, as on arm. */
export function coresIn(cpuInfo: string): number {
  const field = (block: string, name: string) => new RegExp(`^${name}\\s*: (\\d+)`, "m").exec(block)?.[1];
  const cores = cpuInfo.split(/\n\s*\n/).flatMap((block) => {
    const core = field(block, "core id");
    return core === undefined ? [] : [`${field(block, "physical id") ?? "0"}:${core}`];
  });
  return new Set(cores).size;
}

/** Bytes of memory that this process may use: the machine's, or the container's when that is less. */
export function usableMemory(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

/** Model name and instruction sets of the CPU: what packed weights depend on. */
export function cpuIdentity(): { model: string; features: string } {
  const info = process.platform === "linux" ? textOf("/proc/cpuinfo") : "";
  const line = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(info)?.[1];
  return {
    model: line("model name") ?? line("CPU part") ?? cpus()[0]?.model ?? "unknown",
    features: line("flags") ?? line("Features") ?? "",
  };
}

const require = createRequire(import.meta.url);

/** The version of the runtime library, without loading it. */
export const runtimeVersion = (): string => (require("onnxruntime-node/package.json") as { version: string }).version;

/** The folder of the runtime's shared libraries for this platform. */
export const runtimeLibraries = (): string =>
  join(dirname(require.resolve("onnxruntime-node/package.json")), "bin/napi-v6", process.platform, process.arch);

/** Changes when the graphics drivers or the system do: results of probes hold as long as it stays. */
export function driverIdentity(): string {
  const icdFolders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
  const chosen = ["VK_DRIVER_FILES", "VK_ICD_FILENAMES", "LD_LIBRARY_PATH"].map((name) => process.env[name] ?? "");
  return JSON.stringify([
    platform(),
    release(),
    textOf("/proc/driver/nvidia/version"),
    ...icdFolders.flatMap(filesWithTimes),
    ...chosen,
  ]);
}

function filesWithTimes(folder: string): string[] {
  try {
    return readdirSync(folder).map((name) => `${folder}/${name} ${statSync(join(folder, name)).mtimeMs}`);
  } catch {
    return [];
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return "";
  }
}
