// Samplers that only k-diffusion has, x by x.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Denoiser } from "../../daemon/src/diffusion/denoiser.ts";
import { dpmpp2sAncestral } from "../../daemon/src/diffusion/samplers/dpmpp-2s-ancestral.ts";
import { dpmpp3mSde } from "../../daemon/src/diffusion/samplers/dpmpp-3m-sde.ts";
import { sample, startAt } from "../../daemon/src/diffusion/samplers/sampler.ts";
import { sigmaSchedule } from "../../daemon/src/diffusion/schedules/sigma-schedule.ts";
import { combine, rows, scale, type Tensor } from "../../daemon/src/tensor/tensor.ts";
import { readSafetensors } from "./read-safetensors.ts";
import { expectClose } from "./reference.ts";

interface KDiffusionCase {
  s: number;
  rows: { name: string; sampler: "dpmpp_2s_ancestral" | "dpmpp_3m_sde" }[];
}

const folder = join(import.meta.dirname, "k-diffusion");
const golden = JSON.parse(readFileSync(join(folder, "case.json"), "utf8")) as KDiffusionCase;
const want = readSafetensors(join(folder, "expected/tensors.safetensors"));

test.each(golden.rows)("$name", async ({ name, sampler }) => {
  let drawn = 0;
  const randn = (): Tensor => rows(want[`${name}/noise`]!, drawn++);
  const sigmas = [...want[`${name}/sigmas`]!.data];
  const schedule = sigmaSchedule("variance-exploding", sigmas, sigmas.slice(0, -1), (sigma) => sigma);
  const seen: Tensor[] = [];
  const denoise: Denoiser = (x, { sigma }) => {
    seen.push(x);
    const gain = golden.s ** 2 / (golden.s ** 2 + sigma ** 2);
    return Promise.resolve(combine([1 - gain, want.mu!], [gain, x]));
  };
  const made = sampler === "dpmpp_3m_sde" ? dpmpp3mSde(schedule, randn) : dpmpp2sAncestral(schedule);
  const start = startAt(scale(want.start!, sigmas[0]!));
  const result = await sample(made, start, denoise, { randn, state: () => drawn });

  expect(seen.length + 1).toBe(want[`${name}/x`]!.shape[0]);
  [...seen, result].forEach((x, i) => expectClose(x.data, rows(want[`${name}/x`]!, i).data, 2e-4, `x before call ${i}`));
  expect(drawn).toBe(want[`${name}/noise`]?.shape[0] ?? 0);
});
