// The Brownian path and the seeds it spreads: numbers of torchsde and numpy, and what a path must obey.
import { describe, expect, test } from "vitest";
import { brownianTree } from "../../../daemon/src/random/brownian-tree.ts";
import { seedSequence } from "../../../daemon/src/random/seed-sequence.ts";

describe("seed sequence", () => {
  test.each([
    // numpy 1.26: SeedSequence(entropy, spawn_key=key, pool_size=24).generate_state(n)
    { entropy: 42n, key: [], words: [387750627, 2536650517, 4078839648] },
    { entropy: 2n ** 40n + 5n, key: [2n ** 35n + 3n, 35n], words: [3957175956, 468715638, 3434484154, 3869985289] },
  ])("entropy $entropy, key $key", ({ entropy, key, words }) => {
    expect(seedSequence(entropy, key, 24, words.length)).toEqual(words);
  });
});

describe("brownian tree", () => {
  const tree = brownianTree(375n, 0.03125, 16);

  test.each([
    // diffusers BrownianTreeNoiseSampler(zeros(1, 2, 2), 0.03125, 16, seed=375) over torchsde
    { from: 16, to: 9.5, want: [-0.21797214, -0.38282669, -0.49243113, -0.36172509] },
    { from: 16, to: 5.25, want: [0.28909817, -0.24921957, -1.01928842, -0.57015121] },
    { from: 5.25, to: 3, want: [-0.53570074, 1.8201462, 0.2196968, 0.83586907] },
    { from: 0.5, to: 0.03125, want: [0.92660379, -1.42572474, 0.91366655, 0.56765896] },
    { from: 3, to: 5.25, want: [0.53570074, -1.8201462, -0.2196968, -0.83586907] },
  ])("from $from to $to", ({ from, to, want }) => {
    const got = tree([1, 2, 2], from, to);
    expect(got.shape).toEqual([1, 2, 2]);
    want.forEach((value, i) => expect(got.data[i]).toBeCloseTo(value, 5));
  });

  test("increments of adjoining intervals add up", () => {
    const [whole, first, second] = [tree([3], 10, 2), tree([3], 10, 6), tree([3], 6, 2)];
    whole.data.forEach((value, i) =>
      expect(value * Math.sqrt(8)).toBeCloseTo((first.data[i]! + second.data[i]!) * 2, 5),
    );
  });
});
