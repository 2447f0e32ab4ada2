// A numeric self-test of the op forms on a device, against double precision in JavaScript; and the emission it allows.
// Providers have kernels that are wrong on some devices: a form is used only where its numbers were right.
import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiffusionError } from "../base/errors.ts";
import type { Emission, OpForms, Profile, Target } from "../nn/emission.ts";
import { emission } from "../nn/emission.ts";
import { serialize } from "../onnx/serialize.ts";
import type { Memory } from "./cache-folder.ts";
import { remembered } from "./cache-folder.ts";
import { Engine } from "./engine.ts";
import { cpuIdentity, driverIdentity, runtimeVersion } from "./machine.ts";
import type { Form, OpCase } from "./self-test-cases.ts";
import { caseGraph, casesFor, weightsFile } from "./self-test-cases.ts";

/** What came of one case. */
export interface OpResult {
  readonly name: string;
  /** absent for operators of one form */
  readonly form?: Form;
  readonly passed: boolean;
  /** largest deviation, relative to the root mean square of the expected numbers; absent when it did not run */
  readonly deviation?: number;
  /** why it failed */
  readonly reason?: string;
}

/** How long one case may take on the slowest device. */
const CASE_TIMEOUT_MS = 60_000;

/** Runs every case for the target in an engine process of its own. A case that crashes it has failed. */
export async function selfTest(target: Target): Promise<OpResult[]> {
  const folder = await mkdtemp(join(tmpdir(), "diffusion-self-test-"));
  await using engine = await Engine.start({ target });
  try {
    const results: OpResult[] = [];
    for (const opCase of casesFor(target)) results.push(await runCase(engine, opCase, join(folder, "weights.bin")));
    return results;
  } finally {
    await engine.close(); // before its weights go
    await rm(folder, { recursive: true, force: true });
  }
}

/** As `selfTest`, remembered on disk for as long as runtime, CPU, drivers and the emitted graphs stay the same. */
export function knownSelfTest(target: Target, memory?: Memory): Promise<OpResult[]> {
  const graphs = casesFor(target).map((opCase) =>
    createHash("sha256")
      .update(serialize(caseGraph(opCase, target, "weights")))
      .digest("hex"),
  );
  const facts = [runtimeVersion(), cpuIdentity(), driverIdentity(), target, graphs];
  return remembered("self-tests", facts, () => selfTest(target), memory);
}

/**
 * The op table of the target with the forms whose numbers are right on this machine: a form that failed the self-test
 * gives way to another of the same need.
 * @throws DiffusionError `device-unavailable` when an operator has no right form
 */
export async function checkedEmission(target: Target, profile: Profile = "exact", memory?: Memory): Promise<Emission> {
  return allowed(emission(target, profile), await knownSelfTest(target, memory));
}

/** The preferred forms, those that failed replaced. */
export function allowed(wanted: Emission, results: readonly OpResult[]): Emission {
  const broken = results.find(({ passed, form }) => !passed && !form);
  if (broken) throw unusable(wanted.target, broken);
  const forms = Object.fromEntries(
    Object.entries(wanted.forms).map(([need, form]) => [need, passing(wanted.target, need, form as string, results)]),
  );
  return { ...wanted, forms: forms as unknown as OpForms };
}

/** The wanted form of a need if all its cases passed, else the first other form that did. */
function passing(target: Target, need: string, wanted: string, results: readonly OpResult[]): string {
  const cases = results.filter(({ form }) => form?.need === need);
  const failed = (form: string) => cases.find((result) => result.form?.form === form && !result.passed);
  const others = cases.map(({ form }) => form!.form).filter((form) => form !== "int8");
  const found = [wanted, ...others].find((form) => !failed(form));
  if (found === undefined) throw unusable(target, failed(wanted)!);
  return found;
}

const unusable = (target: Target, { name, reason = "" }: OpResult): DiffusionError =>
  new DiffusionError(
    "device-unavailable",
    `${target} cannot be used here: ${name} ${reason}. Use another device, or update its driver.`,
  );

async function runCase(engine: Engine, opCase: OpCase, file: string): Promise<OpResult> {
  const facts = { name: opCase.name, ...(opCase.form && { form: opCase.form }) };
  const signal = AbortSignal.timeout(CASE_TIMEOUT_MS);
  try {
    await writeFile(file, weightsFile(opCase));
    const session = await engine.session(caseGraph(opCase, engine.target, file), { label: opCase.name, signal });
    const { y } = await session.run(opCase.feeds, { signal });
    await session.release();
    const deviation = largestDeviation(y!.data, opCase.expected());
    if (deviation <= opCase.tolerance) return { ...facts, passed: true, deviation };
    if (!Number.isFinite(deviation)) return { ...facts, passed: false, reason: "gives NaN or infinity" };
    return { ...facts, passed: false, deviation, reason: `gives wrong numbers, off by ${deviation.toPrecision(2)}` };
  } catch (error) {
    if (!(error instanceof DiffusionError)) throw error;
    return { ...facts, passed: false, reason: error.message };
  }
}

/** max |a − b| over the root mean square of b; infinite when a holds NaN. */
function largestDeviation(actual: Float32Array, expected: readonly number[]): number {
  const size = Math.sqrt(expected.reduce((sum, x) => sum + x * x, 0) / expected.length);
  const largest = expected.reduce((most, x, i) => {
    const difference = Math.abs(actual[i]! - x);
    return Number.isNaN(difference) ? Infinity : Math.max(most, difference);
  }, 0);
  return largest / size;
}
