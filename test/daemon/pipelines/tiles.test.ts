// Pictures through a network tile by tile: tiles that agree leave no trace, tiles that differ fade into each other.
import { describe, expect, test } from "vitest";
import { throughTiles, tilingOf } from "../../../daemon/src/pipelines/tiles.ts";
import { map, type Tensor, zeros } from "../../../daemon/src/tensor/tensor.ts";
import { expectClose } from "../../golden/reference.ts";
import { wavyPicture } from "./tiny-context.ts";

/** Each pixel becomes a square of four. */
function doubled(x: Tensor): Promise<Tensor> {
  const [b, c, h, w] = x.shape as [number, number, number, number];
  const out = zeros([b, c, 2 * h, 2 * w]);
  for (let i = 0; i < out.data.length; i++) {
    const [plane, y, column] = [Math.floor(i / (4 * h * w)), Math.floor(i / (2 * w)) % (2 * h), i % (2 * w)];
    out.data[i] = x.data[(plane * h + (y >> 1)) * w + (column >> 1)]!;
  }
  return Promise.resolve(out);
}

test("a tiling shares a quarter with its neighbours", () => {
  expect(tilingOf(16, 64)).toEqual({ tile: 16, stride: 12, blend: 16, keep: 48 });
  expect(tilingOf(512, 64)).toEqual({ tile: 512, stride: 384, blend: 16, keep: 48 });
});

describe("a network that sees each pixel for itself gives what it gives at once", () => {
  test.each([
    [8, 8],
    [20, 12],
    [13, 29],
    [6, 25],
  ])("height %i, width %i", async (height, width) => {
    const x = wavyPicture(2, height, width);
    const [got, want] = [await throughTiles(x, tilingOf(8, 16), doubled), await doubled(x)];
    expect(got.shape).toEqual(want.shape);
    expectClose(got.data, want.data, 1e-6, "tiles");
  });
});

test("tiles that differ fade from the one before into the next", async () => {
  const levels = [0, 4];
  const flat = (tile: Tensor) => {
    const level = levels.shift()!;
    return Promise.resolve(map(tile, () => level));
  };
  const { shape, data } = await throughTiles(zeros([1, 1, 1, 11]), tilingOf(8, 8), flat);
  expect(shape).toEqual([1, 1, 1, 11]);
  expect([...data]).toEqual([0, 0, 0, 0, 0, 0, 0, 2, 4, 4, 4]);
});
