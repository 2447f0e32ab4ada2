// Guidance on model outputs: numbers by hand and by torch.
import { expect, test } from "vitest";
import { guide, rescaleGuidance } from "../../../daemon/src/diffusion/guidance.ts";
import { tensor, type Tensor } from "../../../daemon/src/tensor/tensor.ts";

const uncond = tensor([1, 2, 3, 4, 0, 1, 0, 1], [2, 4]);
const cond = tensor([2, 2, 5, 0, 1, 1, 2, -3], [2, 4]);

test.each([
  { scale: 0, want: [1, 2, 3, 4, 0, 1, 0, 1] },
  { scale: 1, want: [2, 2, 5, 0, 1, 1, 2, -3] },
  { scale: 3, want: [4, 2, 9, -8, 3, 1, 6, -11] },
])("guidance scale $scale", ({ scale, want }) => {
  expect([...guide(uncond, [[1, cond]], scale).data]).toEqual(want);
});

test("rescaling brings each sample's deviation towards the conditional one", () => {
  // torch: 0.7 * g * (cond.std / g.std) + 0.3 * g, one deviation a sample
  const want = [2.00895166, 1.00447583, 4.52014065, -4.01790333, 1.52457178, 0.50819063, 3.04914355, -5.59009647];
  const got = rescaleGuidance(guide(uncond, [[1, cond]], 3), cond, 0.7);
  want.forEach((value, i) => expect(got.data[i]).toBeCloseTo(value, 5));
  expect(got.shape).toEqual([2, 4]);
});

test("composed parts count by their weights, a negative one pushes away", () => {
  const [uncond, a, b] = [
    [1, 2],
    [3, 2],
    [0, 4],
  ].map((values) => tensor(values)) as [Tensor, Tensor, Tensor];
  // 1 + 2·(0.5·(3 - 1) - 1·(0 - 1)), 2 + 2·(0.5·0 - 1·2)
  expect([
    ...guide(
      uncond,
      [
        [0.5, a],
        [-1, b],
      ],
      2,
    ).data,
  ]).toEqual([5, -2]);
});
