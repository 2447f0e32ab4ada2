// Facts of this machine that decide how the engine works: cores and memory.
import { readFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";

/** Cores with an arithmetic unit of their own, among those this process may use: hyper-threads only slow products down. */
export function physicalCores(): number {
  const usable = availableParallelism();
  if (process.platform === "linux") return Math.min(usable, coresIn(readCpuInfo()) || usable);
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
  const info = process.platform === "linux" ? readCpuInfo() : "";
  const line = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(info)?.[1];
  return {
    model: line("model name") ?? line("CPU part") ?? cpus()[0]?.model ?? "unknown",
    features: line("flags") ?? line("Features") ?? "",
  };
}

function readCpuInfo(): string {
  try {
    return readFileSync("/proc/cpuinfo", "utf8");
  } catch {
    return "";
  }
}
