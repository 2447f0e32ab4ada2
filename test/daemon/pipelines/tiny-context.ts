// A pipeline's context over a tiny model, recording what it reports.
import { readModelFolder } from "../../../daemon/src/models/model-folder.ts";
import { loadStableDiffusion } from "../../../daemon/src/models/stable-diffusion/index.ts";
import { emission } from "../../../daemon/src/nn/emission.ts";
import type { Context } from "../../../daemon/src/pipelines/context.ts";
import type { PictureRequest } from "../../../daemon/src/pipelines/request.ts";
import { TorchGenerator } from "../../../daemon/src/random/torch-cpu.ts";
import type { Engine } from "../../../daemon/src/runtime/engine.ts";
import { sizeOf, type Tensor, tensor } from "../../../daemon/src/tensor/tensor.ts";

export interface Recording {
  readonly context: Context;
  readonly warnings: string[];
  /** `denoise 3/6` */
  readonly progress: string[];
}

/** A context over the model folder at `path`. */
export async function contextOver(path: string, engine: Engine, options: Partial<Context> = {}): Promise<Recording> {
  const [warnings, progress]: [string[], string[]] = [[], []];
  const context: Context = {
    model: await loadStableDiffusion(await readModelFolder(path)),
    engine,
    emission: emission("cpu"),
    memoryBudget: Infinity,
    tiled: false,
    onWarning: (message) => warnings.push(message),
    onProgress: ({ phase, step, of }) => progress.push(`${phase} ${step}/${of}`),
    ...options,
  };
  return { context, warnings, progress };
}

/** A small request; each call draws its noise anew. */
export const request = (changes: Partial<PictureRequest> = {}): PictureRequest => ({
  prompt: "a crooked forest by the sea",
  negativePrompt: "worst quality",
  clipSkip: 0,
  compat: "diffusers",
  width: 32,
  height: 24,
  steps: 4,
  guidanceScale: 7.5,
  guidanceRescale: 0,
  eta: 0,
  batch: 1,
  noise: new TorchGenerator(5n),
  seed: 5n,
  ...changes,
});

/** A picture (1, channels, height, width) of slow waves between −1 and 1. */
export const wavyPicture = (channels: number, height: number, width: number): Tensor => {
  const shape = [1, channels, height, width];
  return tensor(
    Array.from({ length: sizeOf(shape) }, (_, i) => Math.sin(i / 9)),
    shape,
  );
};
