// What every pipeline of one job shares: the model, the engine, and the ways to report and to stop.
import type { Emission } from "../nn/emission.ts";
import { WeightScope } from "../nn/weight-scope.ts";
import type { Component, StableDiffusion } from "../models/stable-diffusion/index.ts";
import type { Engine } from "../runtime/engine.ts";
import type { Tensor } from "../tensor/tensor.ts";

export interface Context {
  readonly model: StableDiffusion;
  readonly engine: Engine;
  readonly emission: Emission;
  /** bytes that a denoising step may take; above it, guidance runs in two halves */
  readonly memoryBudget: number;
  /** whether the autoencoder works in tiles, for pictures larger than its own */
  readonly tiled: boolean;
  readonly signal?: AbortSignal;
  /** things the user should know that are no failure */
  readonly onWarning: (message: string) => void;
  readonly onProgress: (progress: Progress) => void;
  /** sees the latents after each step */
  readonly onLatents?: (latents: Tensor) => void;
}

export interface Progress {
  readonly phase: "text" | "encode" | "denoise" | "decode";
  /** steps done, of all */
  readonly step: number;
  readonly of: number;
}

/** Conventions to follow where the field's programs differ. */
export type Compat = "diffusers" | "comfyui" | "a1111";

export const scopeOf = (context: Context, { tensors }: Component<unknown>): WeightScope =>
  new WeightScope(tensors, context.emission);

/** The parts of `GraphOptions` and `RunOptions` that say how to stop. */
export const stopBy = ({ signal }: Context): { signal?: AbortSignal } => (signal ? { signal } : {});
