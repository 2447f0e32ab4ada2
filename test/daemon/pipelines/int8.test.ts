// `precision: int8` on the bundled model: its pictures stay close to the exact ones.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { installFolder } from "../../../daemon/src/base/install.ts";
import { emission } from "../../../daemon/src/nn/emission.ts";
import { textToImage } from "../../../daemon/src/pipelines/text-to-image.ts";
import { TorchGenerator } from "../../../daemon/src/random/torch-cpu.ts";
import { Engine } from "../../../daemon/src/runtime/engine.ts";
import type { Tensor } from "../../../daemon/src/tensor/tensor.ts";
import { contextOver, request } from "./tiny-context.ts";

const VIGNETTE = join(installFolder, "media", "models", "vignette");
/** dB: below it a difference is seen */
const LEAST = 30;

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.start({ target: "cpu" });
});
afterAll(() => engine.close());

/** Peak signal to noise in dB, over bytes. */
function psnr(a: Tensor, b: Tensor): number {
  const bytes = ({ data }: Tensor) => data.map((v) => Math.round(Math.min(1, Math.max(0, v / 2 + 0.5)) * 255));
  const [x, y] = [bytes(a), bytes(b)];
  const error = x.reduce((sum, v, i) => sum + (v - y[i]!) ** 2, 0) / x.length;
  return 10 * Math.log10(255 ** 2 / error);
}

test.each(["a serene mountain landscape at sunset", "a lighthouse by the sea at sunset", "autumn trees, watercolor"])(
  "%s",
  async (prompt) => {
    const draw = async (profile: "exact" | "fast") => {
      const { context } = await contextOver(VIGNETTE, engine, { emission: emission("cpu", profile) });
      const size = { width: 128, height: 128, steps: 20, guidanceScale: 5 };
      return textToImage(
        context,
        request({ prompt, negativePrompt: undefined, ...size, noise: new TorchGenerator(2n) }),
      );
    };
    const [exact, fast] = [await draw("exact"), await draw("fast")];
    const decibels = psnr(exact, fast);
    expect(decibels).toBeGreaterThan(LEAST);
    expect(decibels).toBeLessThan(Infinity); // it is another arithmetic
  },
);
