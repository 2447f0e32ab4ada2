// Host tensors: making, reshaping, joining and cutting, and what they refuse.
import { describe, expect, test } from "vitest";
import * as t from "../../../daemon/src/tensor/tensor.ts";

const counting = (...shape: number[]) =>
  t.tensor(
    Float32Array.from({ length: t.sizeOf(shape) }, (_, i) => i),
    shape,
  );

test("every element type has its size in bytes", () => {
  expect(t.BYTES).toEqual({ f64: 8, f32: 4, f16: 2, bf16: 2, i64: 8, i32: 4, i8: 1, u8: 1, bool: 1 });
});

test.each([
  [[], 1],
  [[3], 3],
  [[2, 3, 4], 24],
  [[2, 0, 4], 0],
])("sizeOf(%j) is %i", (shape, size) => expect(t.sizeOf(shape)).toBe(size));

test("formatShape writes as Python does", () => {
  expect(t.formatShape([1, 4, 64, 64])).toBe("[1, 4, 64, 64]");
  expect(t.formatShape([])).toBe("[]");
});

describe("making", () => {
  test("from a list, of one axis unless a shape is given", () => {
    expect(t.tensor([1, 2, 3])).toEqual({ dtype: "f32", shape: [3], data: Float32Array.of(1, 2, 3) });
    expect(t.tensor([1, 2, 3, 4], [2, 2]).shape).toEqual([2, 2]);
  });

  test("over the array that is given, not a copy", () => {
    const data = Float32Array.of(1, 2);
    expect(t.tensor(data).data).toBe(data);
  });

  test("of integers keeps all 53 bits", () => {
    const { dtype, shape, data } = t.tensorI64([2 ** 53 - 1, -1], [1, 2]);
    expect([dtype, shape, [...data]]).toEqual(["i64", [1, 2], [9007199254740991n, -1n]]);
  });

  test("of one number all over", () => {
    expect([...t.zeros([2, 2]).data]).toEqual([0, 0, 0, 0]);
    expect([...t.full([3], 0.5).data]).toEqual([0.5, 0.5, 0.5]);
  });
});

describe("elementwise", () => {
  test("map makes a new tensor and knows the index", () => {
    const x = t.tensor([1, 2, 3]);
    expect([...t.map(x, (v, i) => v * i).data]).toEqual([0, 2, 6]);
    expect([...x.data]).toEqual([1, 2, 3]);
  });

  test("scale", () => expect(t.scale(t.tensor([1, -2], [1, 2]), 3)).toEqual(t.tensor([3, -6], [1, 2])));

  test("combine is the weighted sum", () => {
    const sum = t.combine([2, t.tensor([1, 2])], [-1, t.tensor([10, 20])]);
    expect([...sum.data]).toEqual([-8, -16]);
  });

  test("combine adds in double precision", () => {
    const [large, small] = [t.tensor([2 ** 24]), t.tensor([1])];
    expect(t.combine([1, large], [1, small], [1, small]).data[0]).toBe(2 ** 24 + 2);
  });

  test("combine leaves out terms of weight 0, so that their infinities do not spread", () => {
    expect([...t.combine([1, t.tensor([1])], [0, t.tensor([Infinity])]).data]).toEqual([1]);
  });
});

describe("along the first axis", () => {
  test("concat joins", () => {
    expect(t.concat([counting(1, 2), counting(2, 2)])).toEqual(t.tensor([0, 1, 0, 1, 2, 3], [3, 2]));
  });

  test("rows takes some, one unless told", () => {
    expect(t.rows(counting(3, 2), 1)).toEqual(t.tensor([2, 3], [1, 2]));
    expect(t.rows(counting(3, 2), 1, 3)).toEqual(t.tensor([2, 3, 4, 5], [2, 2]));
  });

  test("rows copies", () => {
    const x = counting(2, 2);
    t.rows(x, 0).data[0] = 9;
    expect(x.data[0]).toBe(0);
  });

  test("chunk cuts what concat joins", () => {
    const parts = t.chunk(counting(4, 3), 2);
    expect(parts.map(({ shape }) => shape)).toEqual([
      [2, 3],
      [2, 3],
    ]);
    expect(t.concat(parts)).toEqual(counting(4, 3));
  });
});

describe("along the channels of one picture", () => {
  test("chunkChannels cuts what joinChannels joins", () => {
    const parts = t.chunkChannels(counting(1, 4, 2, 1), 2);
    expect(parts).toEqual([t.tensor([0, 1, 2, 3], [1, 2, 2, 1]), t.tensor([4, 5, 6, 7], [1, 2, 2, 1])]);
    expect(t.joinChannels(parts)).toEqual(counting(1, 4, 2, 1));
  });
});

test("reshape keeps the numbers", () => {
  expect(t.reshape(counting(2, 3), [3, 2])).toEqual(counting(3, 2));
});

test("meanAndDeviation are those of the population", () => {
  expect(t.meanAndDeviation(t.tensor([2, 4, 4, 4, 5, 5, 7, 9]))).toEqual({ mean: 5, deviation: 2 });
  expect(t.meanAndDeviation(t.full([10], 0.1)).deviation).toBeCloseTo(0, 6);
});

test.each([
  [[1, -2, 3e38], true],
  [[1, NaN], false],
  [[-Infinity, 1], false],
])("isFinite(%j) is %s", (values, finite) => expect(t.isFinite(t.tensor(values))).toBe(finite));

test.each<[string, () => unknown, string]>([
  ["too few numbers", () => t.tensor([1, 2], [3]), "2 numbers do not fill [3]"],
  ["too few integers", () => t.tensorI64([1], [2, 2]), "1 numbers do not fill [2, 2]"],
  ["a shape of another size", () => t.reshape(counting(4), [3]), "4 numbers do not fill [3]"],
  ["a sum of nothing", () => t.combine(), "combine needs a term"],
  ["a sum of sizes", () => t.combine([1, counting(2)], [1, counting(3)]), "shapes [2] and [3] differ"],
  ["a join of nothing", () => t.concat([]), "concat needs a tensor"],
  ["a join of widths", () => t.concat([counting(1, 2), counting(1, 3)]), "cannot join [1, 3] to [1, 2]"],
])("refuses %s", (_, make, message) => expect(make).toThrow(new RangeError(message)));
