// Seeds: 0 … 2^64-1, exact.
import { randomBytes } from "node:crypto";
import { DiffusionError } from "../base/errors.ts";

/** The greatest seed, 2^64-1. */
export const MAX_SEED = 0xffff_ffff_ffff_ffffn;

/**
 * A seed from the text or number a user wrote.
 * @throws DiffusionError "document" when it is no whole number of the range, or a number too large to be exact in JavaScript
 */
export function parseSeed(value: string | number | bigint): bigint {
  if (typeof value === "number" && !Number.isSafeInteger(value))
    throw new DiffusionError(
      "document",
      `seed ${value} is not a whole number that is exact here; write its digits as text.`,
    );
  const text = String(value).trim();
  const seed = /^\d+$/.test(text) ? BigInt(text) : -1n;
  if (seed < 0n || seed > MAX_SEED)
    throw new DiffusionError(
      "document",
      `seed ${text} is not a whole number from 0 to ${MAX_SEED.toString()}; write one, or "random".`,
    );
  return seed;
}

/** The seed of the index-th result: seed + index, wrapped at 2^64. */
export const seedAt = (seed: bigint, index: number): bigint => BigInt.asUintN(64, seed + BigInt(index));

/** A fresh random seed of 32 bits: short enough to type again, and all that torch's CPU generator would use of it. */
export const drawSeed = (): bigint => BigInt(randomBytes(4).readUInt32LE());
