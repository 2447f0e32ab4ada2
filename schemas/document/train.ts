// task: train. Trains adapters and whole models.
import { Type, type Static } from "typebox";
import { commonKeys, modelKey, tensorOutput } from "./common.ts";
import { choice, file, flag, group, number, oneOrMore, text, whole } from "./elements.ts";

/** What can be trained. */
export const trainingMethods = {
  lora: "A low-rank adapter.",
  dreambooth: "The whole denoiser on a few pictures of one subject.",
  "dreambooth-lora": "A low-rank adapter on a few pictures of one subject.",
  "textual-inversion": "Only a new word.",
  full: "The whole denoiser.",
  controlnet: "A ControlNet.",
  vae: "An autoencoder.",
  gan: "A generator against a discriminator.",
  flow: "A normalising flow.",
  ddpm: "A denoising diffusion model from scratch.",
  "score-sde": "A score network from scratch.",
  consistency: "A consistency model.",
} as const;

const validation = group(
  {
    dataset: Type.Optional(file("folder", "Pictures kept out of the training.")),
    split: Type.Optional(number(0, 0.9, "Share of the data kept out of the training.", { default: 0 })),
    every: Type.Optional(whole(1, 10_000_000, "Measure the loss on them every so many steps.", { default: 500 })),
  },
  "Measures the loss on pictures the training never sees.",
);

/** Every key of `task: train`. */
export const trainSchema = group(
  {
    task: Type.Literal("train"),
    model: Type.Optional(modelKey({ description: "The model to start from. From scratch: none." })),
    ...commonKeys,
    output: Type.Optional(tensorOutput),
    method: choice(trainingMethods, { description: "What is trained." }),
    dataset: file("folder", "A folder of pictures with `.txt` captions beside them, or a `metadata.jsonl`."),
    instance_prompt: Type.Optional(
      text("The words for the subject (dreambooth).", { examples: ["a photo of sks dog"] }),
    ),
    class_prompt: Type.Optional(text("The words for its kind (dreambooth).", { examples: ["a photo of a dog"] })),
    prior_preservation: Type.Optional(
      number(0, 10, "Weight of the loss that keeps the kind as it was; 0 is off.", { default: 0 }),
    ),
    rank: Type.Optional(whole(1, 1024, "Rank of the adapter.", { default: 16 })),
    alpha: Type.Optional(number(0, 4096, "The adapter is scaled by alpha / rank.", { default: 32 })),
    targets: Type.Optional(
      Type.Array(text("A layer's name.", { minLength: 1 }), {
        minItems: 1,
        maxItems: 256,
        description: "The layers that get an adapter.",
        default: ["to_q", "to_k", "to_v", "to_out.0"],
      }),
    ),
    dropout: Type.Optional(number(0, 0.99, "Dropout inside the adapter.", { default: 0 })),
    steps: Type.Optional(whole(1, 10_000_000, "Optimiser steps.", { default: 1000 })),
    batch_size: Type.Optional(whole(1, 4096, "Pictures a step.", { default: 1 })),
    accumulate: Type.Optional(whole(1, 4096, "Batches whose gradients are added up before a step.", { default: 1 })),
    learning_rate: Type.Optional(number(0, 10, "Step size of the optimiser.", { default: 1e-4, examples: [1e-4] })),
    optimizer: Type.Optional(
      choice(
        {
          adamw: "Adam with decoupled weight decay.",
          adam: "Adam.",
          sgd: "Gradient descent with momentum.",
          lion: "Sign of the momentum: half the state of Adam.",
          adafactor: "Factored second moments: little memory.",
          prodigy: "Finds its own learning rate.",
        },
        { description: "The optimiser.", default: "adamw" },
      ),
    ),
    lr_scheduler: Type.Optional(
      choice(
        {
          constant: "The same rate throughout.",
          linear: "Falls in a line to 0.",
          cosine: "Falls along a cosine to 0.",
          cosine_with_restarts: "Cosines one after the other.",
          polynomial: "Falls along a power.",
        },
        { description: "How the learning rate changes.", default: "constant" },
      ),
    ),
    warmup: Type.Optional(whole(0, 10_000_000, "Steps over which the learning rate rises.", { default: 0 })),
    resolution: Type.Optional(whole(8, 16_384, "Side of the training pictures in pixels.", { multipleOf: 8 })),
    buckets: Type.Optional(flag("Keep the pictures' shapes: batches of like shape.", { default: true })),
    caption_dropout: Type.Optional(number(0, 1, "Share of steps without a caption.", { default: 0 })),
    noise_offset: Type.Optional(number(0, 1, "Adds a constant to the noise, for darker darks.", { default: 0 })),
    min_snr_gamma: Type.Optional(number(0, 100, "Weighs the loss by signal-to-noise (Min-SNR); 5 is usual.")),
    ema: Type.Optional(number(0, 0.99999999, "Decay of the moving average of the weights; 0 is none.", { default: 0 })),
    validation: Type.Optional(validation),
    save_every: Type.Optional(whole(1, 10_000_000, "Write a checkpoint every so many steps.")),
    sample_every: Type.Optional(whole(1, 10_000_000, "Draw samples every so many steps.")),
    sample_prompts: Type.Optional(oneOrMore(text("A prompt."), "The prompts of the samples.")),
    resume: Type.Optional(file("file", "A checkpoint to go on from, or `latest`.")),
  },
  "Trains an adapter or a model on a folder of pictures.",
);

/** A node of `task: train`. */
export type TrainNode = Static<typeof trainSchema>;
