// Seeds: 0 … 2^64-1, exact.
import { randomBytes } from "node:crypto";

/** The greatest seed, 2^64-1. */
export const MAX_SEED = 0xffff_ffff_ffff_ffffn;

/** The seed of the index-th result: seed + index, wrapped at 2^64. */
export const seedAt = (seed: bigint, index: number): bigint => BigInt.asUintN(64, seed + BigInt(index));

/** A fresh random seed of 32 bits: short enough to type again, and all that torch's CPU generator would use of it. */
export const drawSeed = (): bigint => BigInt(randomBytes(4).readUInt32LE());
