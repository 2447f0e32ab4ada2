// Pictures to tensors and back.
import { describe, expect, test } from "vitest";
import { imagesFromTensor, tensorFromImage } from "../../../daemon/src/codecs/image-tensor.ts";
import { tensor } from "../../../daemon/src/tensor/tensor.ts";
import { fitImage } from "../../../daemon/src/codecs/preprocess.ts";
import { gradient } from "./samples.ts";

describe("rounding", () => {
  // Halves go to the even neighbour, as numpy rounds; out of range is clamped; not a number is black.
  test.each<[value: number, range: "signed" | "unit", byte: number]>([
    [0.5 / 255, "unit", 0],
    [1.5 / 255, "unit", 2],
    [2.5 / 255, "unit", 2],
    [0.5, "unit", 128],
    [1, "unit", 255],
    [1.7, "unit", 255],
    [-3, "unit", 0],
    [NaN, "unit", 0],
    [-1, "signed", 0],
    [0, "signed", 128],
    [1, "signed", 255],
    [Infinity, "signed", 255],
    [-Infinity, "signed", 0],
  ])("%f in the %s range is %i", (value, range, byte) => {
    expect([...imagesFromTensor(tensor([value], [1, 1, 1, 1]), range)[0]!.data]).toEqual([byte]);
  });
});

test.each(["signed", "unit"] as const)("every byte survives the way there and back, %s", (range) => {
  const image = gradient(17, 16, 3);
  expect(imagesFromTensor(tensorFromImage(image, range), range)).toEqual([image]);
});

test("planes become interleaved pixels, picture by picture", () => {
  const x = tensor([0, 1, 0, 0, 1, 1, /* second */ 1, 1, 1, 0, 0, 0], [2, 3, 1, 2]);
  expect(imagesFromTensor(x, "unit").map(({ data }) => [...data])).toEqual([
    [0, 0, 255, 255, 0, 255],
    [255, 255, 0, 255, 0, 0],
  ]);
});

test("latents are no pictures", () => {
  expect(() => imagesFromTensor(tensor(new Float32Array(8), [1, 2, 2, 2]), "signed")).toThrow("[1, 2, 2, 2]");
});

test("a picture smaller than the model's step is refused", () => {
  expect(() => fitImage(gradient(7, 64, 3))).toThrow(expect.objectContaining({ code: "picture-invalid" }));
});
