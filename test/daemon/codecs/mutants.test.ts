// 2,000 damaged pictures with metadata: each gives an image or an error of ours, whatever is asked of it.
import { describe, expect, test } from "vitest";
import { DiffusionError } from "../../../daemon/src/base/errors.ts";
import { decodeImage } from "../../../daemon/src/codecs/decode.ts";
import { encodeImage, type OutputFormat } from "../../../daemon/src/codecs/encode.ts";
import { readMetadata } from "../../../daemon/src/codecs/metadata.ts";
import { recoverDocument } from "../../../daemon/src/codecs/recover.ts";
import { gradient, sampleRecord } from "./samples.ts";

/** A linear congruential generator: small, and the same everywhere. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

type Damage = (bytes: Buffer, random: (below: number) => number) => Buffer;

const damages: Damage[] = [
  (bytes, random) => Buffer.from(bytes).fill(random(256), random(bytes.length), random(bytes.length)),
  (bytes, random) => bytes.subarray(0, random(bytes.length)),
  (bytes, random) => flip(bytes, random, 1),
  (bytes, random) => flip(bytes, random, 20),
  (bytes, random) => {
    const [from, to] = [random(bytes.length), random(bytes.length)];
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, random) => {
    const out = Buffer.from(bytes); // lengths live in aligned and unaligned 32-bit words
    out.writeUInt32BE([0, 0xffffffff, 0x7fffffff, 0x80000000][random(4)]!, random(out.length - 4));
    return out;
  },
];

function flip(bytes: Buffer, random: (below: number) => number, times: number): Buffer {
  const out = Buffer.from(bytes);
  for (let i = 0; i < times; i++) out[random(out.length)] = random(256);
  return out;
}

async function survives(action: () => unknown): Promise<"result" | "refusal"> {
  try {
    await action();
    return "result";
  } catch (error) {
    expect(error).toBeInstanceOf(DiffusionError);
    return "refusal";
  }
}

describe("mutants", async () => {
  const formats: OutputFormat[] = ["png", "jpeg", "webp"];
  const metadata = { record: sampleRecord, parameters: "a cat\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1" };
  const sound = await Promise.all(formats.map((format) => encodeImage(gradient(24, 18, 3), format, { metadata })));

  test.each(formats.map((format, i) => [format, i] as const))("of a %s", { timeout: 240_000 }, async (format, i) => {
    const bytes = Buffer.from(sound[i]!);
    const counts = { result: 0, refusal: 0 };
    for (let seed = 0; seed < 667; seed++) {
      const random = randomFrom(seed * 3 + i);
      const mutant = damages[seed % damages.length]!(bytes, random);
      counts[await survives(() => decodeImage(mutant))]++;
      await survives(() => readMetadata(mutant));
      await survives(() => recoverDocument(mutant));
    }
    // Both kinds must occur, or the damage was none or total.
    expect(counts.result, format).toBeGreaterThan(50);
    expect(counts.refusal, format).toBeGreaterThan(50);
  });
});
