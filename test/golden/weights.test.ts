// Damaged safetensors files: our verdict on each is the reference reader's.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { DiffusionError } from "../../daemon/src/base/errors.ts";
import { readWeightsFile } from "../../daemon/src/weights/safetensors.ts";

type Operation =
  | ["many", count: number, last: number]
  | ["data", bytes: number]
  | ["header" | "file", at: number, remove: number, insert: string]
  | ["length", value: string]
  | ["flip", byte: number, bit: number]
  | ["cut", bytes: number];
type Mutant = [base: number, ...Operation[]];
interface Recording {
  seed: number;
  bases: [header: string, dataBytes: number][];
  verdicts: string;
  mutants: Mutant[];
}

const recording = JSON.parse(readFileSync(join(import.meta.dirname, "weights/mutants.json"), "utf8")) as Recording;
const folder = mkdtempSync(join(tmpdir(), "mutants-"));
afterAll(() => rmSync(folder, { recursive: true }));

const splice = (bytes: Buffer, at: number, remove: number, insert: string) =>
  Buffer.concat([bytes.subarray(0, at), Buffer.from(insert, "latin1"), bytes.subarray(at + remove)]);

/** A header of `count` one-byte tensors; `last` is added to where the last one ends. */
function many(count: number, last: number) {
  const entry = (i: number) =>
    `"t.${i}":{"dtype":"U8","shape":[1],"data_offsets":[${i},${i + 1 + (i === count - 1 ? last : 0)}]}`;
  return Buffer.from(`{${Array.from({ length: count }, (_, i) => entry(i)).join(",")}}`);
}

/** What make/safetensors_verdicts.py builds from the same description. */
function build([base, ...operations]: Mutant) {
  const [text, dataBytes] = recording.bases[base]!;
  let header = Buffer.from(text);
  let data = Buffer.from(Array.from({ length: dataBytes }, (_, i) => i % 251));
  let length: bigint | undefined;
  for (const operation of operations) {
    if (operation[0] === "many") [header, data] = [many(operation[1], operation[2]), Buffer.alloc(operation[1])];
    else if (operation[0] === "data") data = Buffer.alloc(operation[1]);
    else if (operation[0] === "header") header = splice(header, operation[1], operation[2], operation[3]);
    else if (operation[0] === "length") length = BigInt(operation[1]);
  }
  const size = Buffer.alloc(8);
  size.writeBigUInt64LE(length ?? BigInt(header.length));
  let file = Buffer.concat([size, header, data]);
  for (const operation of operations) {
    if (operation[0] === "file") file = splice(file, operation[1], operation[2], operation[3]);
    else if (operation[0] === "flip") file[operation[1]]! ^= 1 << operation[2];
    else if (operation[0] === "cut") file = file.subarray(0, operation[1]);
  }
  return file;
}

async function verdict(path: string): Promise<string> {
  try {
    const { tensors, unusable } = await readWeightsFile(path);
    return String(tensors.size + unusable.size);
  } catch (error) {
    if (error instanceof DiffusionError && error.code.startsWith("weights-")) return "x";
    throw error;
  }
}

/** A verdict and its processor time in ms (other programs do not count); a slow one is measured again, for the collector may have run. */
async function timed(path: string, tries = 4): Promise<{ got: string; time: number }> {
  const start = process.cpuUsage();
  const got = await verdict(path);
  const { user, system } = process.cpuUsage(start);
  const time = (user + system) / 1000;
  return time > 200 && tries > 1 ? timed(path, tries - 1) : { got, time };
}

test(`${recording.mutants.length} mutants (seed ${recording.seed}) are judged as the reference reader judges them, each within 200 ms`, async () => {
  const want = recording.verdicts.split(",");
  expect(want.length).toBe(recording.mutants.length);
  const wrong: string[] = [];
  const slow: string[] = [];
  for (const [i, mutant] of recording.mutants.entries()) {
    const path = join(folder, `${i % 8}.safetensors`);
    writeFileSync(path, build(mutant));
    const { got, time } = await timed(path);
    if (time > 200) slow.push(`${JSON.stringify(mutant)}: ${time} ms`);
    if (got !== want[i]) wrong.push(`${JSON.stringify(mutant)}: ${got}, not ${want[i]}`);
  }
  expect(wrong).toEqual([]);
  expect(slow).toEqual([]);
});
