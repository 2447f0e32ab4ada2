// Draws of torch's CPU generator, number by number.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, test } from "vitest";
import { TorchGenerator } from "../../daemon/src/random/torch-cpu.ts";
import { sizeOf } from "../../daemon/src/tensor/tensor.ts";
import { readSafetensors } from "./read-safetensors.ts";
import { expectClose, referenceFolder } from "./reference.ts";

interface DrawCase {
  tensor: string;
  seed: string;
  kind: "randn" | "randn64" | "rand" | "randint" | "randperm";
  shape: number[];
}

const folder = referenceFolder("random", "torch_rng");
const { draws } = JSON.parse(readFileSync(join(folder, "case.json"), "utf8")) as { draws: DrawCase[] };
const want = readSafetensors(join(folder, "expected/tensors.safetensors"));
const exact = { randn: 2e-6, randn64: 1e-7, rand: 0, randint: 0, randperm: 0 };

function draw(generator: TorchGenerator, { kind, shape }: DrawCase): ArrayLike<number> {
  if (kind === "randn") return generator.randn(shape).data;
  if (kind === "randn64") return generator.randn64(shape);
  if (kind === "rand") return generator.rand(shape).data;
  if (kind === "randint") return generator.randint(0, 1000, sizeOf(shape));
  return generator.randperm(sizeOf(shape));
}

describe("torch CPU generator", () => {
  for (const seed of new Set(draws.map((d) => d.seed)))
    test(`seed ${seed}`, () => {
      const generator = new TorchGenerator(BigInt(seed));
      for (const d of draws.filter((each) => each.seed === seed))
        expectClose(draw(generator, d), want[d.tensor]!.data, exact[d.kind], `${d.tensor} ${d.kind} [${d.shape.join(", ")}]`);
    });
});
