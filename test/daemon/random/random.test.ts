// Generators: known values, resuming, ranges; seeds: what is accepted.
import { describe, expect, test } from "vitest";
import { PhiloxGenerator, philox4x32 } from "../../../daemon/src/random/philox.ts";
import { drawSeed, MAX_SEED, seedAt } from "../../../daemon/src/random/seed.ts";
import { TorchGenerator, type TorchGeneratorState } from "../../../daemon/src/random/torch-cpu.ts";

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

describe("torch CPU generator", () => {
  test("takes the low 32 bits of the seed, as torch does", () => {
    expect(new TorchGenerator(2n ** 32n + 5n).randn([20])).toEqual(new TorchGenerator(5n).randn([20]));
  });
  test.each([2 ** 28 - 1, 2 ** 28, 2 ** 31, 2 ** 40])("randint below %i draws as many words as torch", (range) => {
    // torch 2.15, manual_seed(3)
    const want: Record<number, number[]> = {
      [2 ** 28 - 1]: [218175346, 35325593, 88681732],
      [2 ** 28]: [35325592, 117892739, 252666824],
      [2 ** 31]: [303761048, 1460070019, 521102280],
      [2 ** 40]: [455570294424, 1073054410371, 790795084744],
    };
    expect(new TorchGenerator(3n).randint(0, range, 3)).toEqual(want[range]);
  });
  test.each([3, 17])("a restored generator goes on where the state was taken, after %i numbers", (count) => {
    const generator = new TorchGenerator(11n);
    generator.randn([count]);
    const resumed = TorchGenerator.restore(json<TorchGeneratorState>(generator.state()));
    expect(resumed.randn([5])).toEqual(generator.randn([5]));
  });
});

describe("philox", () => {
  test("the cipher on zeros gives the published test vector", () => {
    expect(philox4x32([0, 0, 0, 0], [0, 0])).toEqual([0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
    const ones = 0xffffffff;
    expect(philox4x32([ones, ones, ones, ones], [ones, ones])).toEqual([
      0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd,
    ]);
  });
  test("seed 0 gives the numbers of an NVIDIA card", () => {
    const want = [
      -0.92466259, -0.42534415, -2.6438457, 0.14518388, -0.12086647, -0.57972564, -0.62285122, -0.32838709, -1.07454231,
      -0.36314407, -1.67105067, 2.26550497,
    ];
    const got = new PhiloxGenerator(0n).randn([3, 4]);
    expect(got.shape).toEqual([3, 4]);
    want.forEach((value, i) => expect(got.data[i]).toBeCloseTo(value, 6));
  });
  test("each call is another offset, and a restored generator goes on", () => {
    const generator = new PhiloxGenerator(MAX_SEED);
    const first = generator.randn([4]);
    const resumed = PhiloxGenerator.restore(json(generator.state()));
    const second = generator.randn([4]);
    expect(second).not.toEqual(first);
    expect(resumed.randn([4])).toEqual(second);
  });
});

describe("seeds", () => {
  test("the seed of a later result wraps at 2^64", () => {
    expect([seedAt(5n, 2), seedAt(MAX_SEED, 1)]).toEqual([7n, 0n]);
  });
  test("a drawn seed is a seed", () => {
    for (let i = 0; i < 50; i++) expect(drawSeed() >> 32n).toBe(0n);
  });
});
