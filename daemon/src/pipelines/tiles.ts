// Large pictures through an autoencoder piece by piece: overlapping tiles, blended where they meet (diffusers, autoencoder_kl.py,
// tiled_encode and tiled_decode).
import type { Tensor } from "../tensor/tensor.ts";
import { sizeOf, zeros } from "../tensor/tensor.ts";

export interface Tiling {
  /** side of a tile of the input */
  readonly tile: number;
  /** distance between two tiles of the input, less than `tile` */
  readonly stride: number;
  /** rows and columns of the output over which two tiles fade into each other */
  readonly blend: number;
  /** rows and columns of the output that each tile but the last gives */
  readonly keep: number;
}

/** How much neighbouring tiles share. */
const OVERLAP = 0.25;

/** The tiling from tiles of side `from` to tiles of side `to`. */
export const tilingOf = (from: number, to: number): Tiling => ({
  tile: from,
  stride: Math.trunc(from * (1 - OVERLAP)),
  blend: Math.trunc(to * OVERLAP),
  keep: to - Math.trunc(to * OVERLAP),
});

/** x (1, c, h, w) through `network`, tile by tile; each tile (1, c, ≤ tile, ≤ tile) gives (1, d, …) at one scale. */
export async function throughTiles(
  x: Tensor,
  tiling: Tiling,
  network: (tile: Tensor) => Promise<Tensor>,
): Promise<Tensor> {
  const [, , height, width] = x.shape as [number, number, number, number];
  const starts = (size: number) => Array.from({ length: Math.ceil(size / tiling.stride) }, (_, i) => i * tiling.stride);
  const rows: Tensor[][] = [];
  for (const top of starts(height)) {
    const row: Tensor[] = [];
    for (const left of starts(width)) {
      const tile = await network(window(x, top, left, tiling.tile));
      const above = rows.at(-1)?.[row.length];
      if (above) fade(above, tile, tiling.blend, "down");
      const before = row.at(-1);
      if (before) fade(before, tile, tiling.blend, "across");
      row.push(tile);
    }
    rows.push(row);
  }
  return assemble(rows.map((row) => row.map((tile) => window(tile, 0, 0, tiling.keep))));
}

/** The square of x at (top, left), cut off at the borders. */
function window(x: Tensor, top: number, left: number, side: number): Tensor {
  const [b, c, height, width] = x.shape as [number, number, number, number];
  const [h, w] = [Math.min(side, height - top), Math.min(side, width - left)];
  const out = zeros([b, c, h, w]);
  for (let plane = 0; plane < b * c; plane++)
    for (let y = 0; y < h; y++) {
      const from = (plane * height + top + y) * width + left;
      out.data.set(x.data.subarray(from, from + w), (plane * h + y) * w);
    }
  return out;
}

/** Fades the end of `a` into the beginning of `b`, changing `b`. */
function fade(a: Tensor, b: Tensor, blend: number, direction: "down" | "across"): void {
  const axis = direction === "down" ? 2 : 3;
  const extent = Math.min(a.shape[axis]!, b.shape[axis]!, blend);
  const [planes, h, w] = [sizeOf(b.shape.slice(0, 2)), b.shape[2]!, b.shape[3]!];
  const [ha, wa] = [a.shape[2]!, a.shape[3]!];
  for (let plane = 0; plane < planes; plane++)
    for (let y = 0; y < (direction === "down" ? extent : h); y++)
      for (let x = 0; x < (direction === "down" ? w : extent); x++) {
        const at = (plane * h + y) * w + x;
        const share = (direction === "down" ? y : x) / extent;
        const other =
          direction === "down" ? (plane * ha + ha - extent + y) * wa + x : (plane * ha + y) * wa + wa - extent + x;
        b.data[at] = a.data[other]! * (1 - share) + b.data[at]! * share;
      }
}

/** Rows of tiles as one picture. */
function assemble(rows: readonly (readonly Tensor[])[]): Tensor {
  const [first] = rows[0]!;
  const height = rows.reduce((sum, [tile]) => sum + tile!.shape[2]!, 0);
  const width = rows[0]!.reduce((sum, tile) => sum + tile.shape[3]!, 0);
  const out = zeros([first!.shape[0]!, first!.shape[1]!, height, width]);
  let top = 0;
  for (const row of rows) {
    let left = 0;
    for (const tile of row) {
      place(tile, out, top, left);
      left += tile.shape[3]!;
    }
    top += row[0]!.shape[2]!;
  }
  return out;
}

function place(tile: Tensor, out: Tensor, top: number, left: number): void {
  const [b, c, h, w] = tile.shape as [number, number, number, number];
  const [height, width] = out.shape.slice(2) as [number, number];
  for (let plane = 0; plane < b * c; plane++)
    for (let y = 0; y < h; y++)
      out.data.set(
        tile.data.subarray((plane * h + y) * w, (plane * h + y + 1) * w),
        (plane * height + top + y) * width + left,
      );
}
