// Which stream of noise a seed means, by the conventions of the field's programs.
import type { Compat } from "../pipelines/context.ts";
import type { NoiseSource } from "../random/noise-source.ts";
import { PhiloxGenerator } from "../random/philox.ts";
import { seedAt } from "../random/seed.ts";
import { TorchGenerator } from "../random/torch-cpu.ts";

/**
 * diffusers draws all from one generator on the CPU; ComfyUI draws the steps' noise from a second one, seeded one higher; A1111
 * draws as an NVIDIA card does.
 */
export function noiseOf(seed: bigint, compat: Compat): { noise: NoiseSource; stepNoise?: NoiseSource } {
  switch (compat) {
    case "diffusers":
      return { noise: new TorchGenerator(seed) };
    case "comfyui":
      return { noise: new TorchGenerator(seed), stepNoise: new TorchGenerator(seedAt(seed, 1)) };
    case "a1111":
      return { noise: new PhiloxGenerator(seed) };
  }
}
