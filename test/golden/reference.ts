// Where reference numbers lie, and how a result is compared with them.
import { join } from "node:path";
import { expect } from "vitest";

/** The folder of a recorded kind: `kept` beside this file, or `recorded` under DIFFUSION_GOLDEN. */
export function referenceFolder(kept: string, recorded: string): string {
  const other = process.env.DIFFUSION_GOLDEN;
  return other ? join(other, recorded) : join(import.meta.dirname, kept);
}

/** max|got - want| ≤ tolerance · max(1, max|want|); numbers that are not finite must agree as they stand. */
export function expectClose(got: ArrayLike<number>, want: ArrayLike<number>, tolerance: number, what: string): void {
  expect(got.length, `${what}: how many numbers`).toBe(want.length);
  let largest = 1;
  let error = 0;
  for (let i = 0; i < want.length; i++) {
    if (!Number.isFinite(want[i]!)) {
      expect(got[i], `${what}[${i}]`).toBe(want[i]);
      continue;
    }
    largest = Math.max(largest, Math.abs(want[i]!));
    const difference = Math.abs(got[i]! - want[i]!);
    error = Number.isNaN(difference) ? Infinity : Math.max(error, difference);
  }
  expect(error / largest, `${what}: error relative to ${largest}`).toBeLessThanOrEqual(tolerance);
}
