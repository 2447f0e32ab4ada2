// Whether a provider works on this machine and how fast it is, found out in an engine process of its own: a driver that
// crashes or hangs is a reason, not a fault.
import { setImmediate } from "node:timers/promises";
import { DiffusionError } from "../base/errors.ts";
import type { Target } from "../nn/emission.ts";
import type { Graph } from "../onnx/graph.ts";
import { graph, input } from "../onnx/graph.ts";
import * as op from "../onnx/ops.ts";
import { full } from "../tensor/tensor.ts";
import type { Memory } from "./cache-folder.ts";
import { remembered } from "./cache-folder.ts";
import { Engine } from "./engine.ts";
import { cpuIdentity, driverIdentity, runtimeVersion } from "./machine.ts";
import { whatLacks } from "./providers.ts";

export interface ProviderReport {
  readonly target: Target;
  /** version of the runtime library */
  readonly version: string;
  /** it ran a graph and the numbers were right */
  readonly works: boolean;
  /** why it does not work */
  readonly reason?: string;
  /** 10⁹ operations a second in matrix products, of a provider that works */
  readonly gflops?: number;
}

/** How long a driver may take for the probe before it counts as hanging. */
const PROBE_TIMEOUT_MS = 60_000;

const PRODUCTS = 4;

/** Runs a small graph on the provider, in a new process. */
export async function probeProvider(target: Target): Promise<ProviderReport> {
  const version = runtimeVersion();
  const lacking = whatLacks(target);
  if (lacking !== undefined) return { target, version, works: false, reason: lacking };
  await using engine = await Engine.start({ target });
  const signal = AbortSignal.timeout(PROBE_TIMEOUT_MS);
  try {
    return { target, version, works: true, gflops: await measure(engine, signal) };
  } catch (error) {
    await setImmediate(); // the error output may be read after the answer
    return { target, version, works: false, reason: reasonOf(error, engine) };
  }
}

/** As `probeProvider`, remembered on disk for as long as runtime, CPU and drivers stay the same. */
export function knownProvider(target: Target, memory?: Memory): Promise<ProviderReport> {
  const facts = [runtimeVersion(), cpuIdentity(), driverIdentity(), target];
  return remembered("probes", facts, () => probeProvider(target), memory);
}

/** GFLOP/s at the largest of two sizes that does not take long. @throws Error when the numbers are wrong */
async function measure(engine: Engine, signal: AbortSignal): Promise<number> {
  const slow = await productsPerSecond(engine, 256, signal);
  // A software adapter would take half a minute for the larger one.
  return slow < 5 ? slow : productsPerSecond(engine, 1024, signal);
}

async function productsPerSecond(engine: Engine, side: number, signal: AbortSignal): Promise<number> {
  const session = await engine.session(chainOfProducts(side), { label: "the probe", signal });
  // The square of a matrix of 1/side is itself.
  const x = full([side, side], 1 / side);
  let best = Infinity;
  for (let i = 0; i < 3; i++) {
    const before = performance.now();
    const { y } = await session.run({ x }, { signal });
    best = Math.min(best, performance.now() - before);
    if (!y!.data.every((value) => Math.abs(value * side - 1) < 1e-3))
      throw new DiffusionError("device-unavailable", `matrix products of ${side}×${side} come out wrong`);
  }
  return (PRODUCTS * 2 * side ** 3) / best / 1e6;
}

function chainOfProducts(side: number): Graph {
  const x = input("x", "f32", [side, side]);
  let y = x;
  for (let i = 0; i < PRODUCTS; i++) y = op.matMul(y, x);
  return graph([x], { y });
}

/** The reason in one line: what the library said, and what the driver wrote to the error output. */
function reasonOf(error: unknown, engine: Engine): string {
  if (!(error instanceof DiffusionError)) throw error;
  if (error.code === "cancelled") return `it did not answer within ${PROBE_TIMEOUT_MS / 1000} s`;
  const driver = engine.lastWords.split("\n").find((line) => /warning|error|cannot|fail/i.test(line));
  return driver === undefined ? error.message : `${error.message} (${driver.trim()})`;
}
