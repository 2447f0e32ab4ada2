// Pictures to latents and back through the model's autoencoder.
import { decoder, encoder, latentSize, pixelsPerLatent } from "../models/stable-diffusion/index.ts";
import type { WeightScope } from "../nn/weight-scope.ts";
import type { NoiseSource } from "../random/noise-source.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { chunkChannels, combine, concat, joinChannels, map, rows } from "../tensor/tensor.ts";
import type { Context } from "./context.ts";
import { scopeOf, stopBy } from "./context.ts";
import { requireFinite } from "./finite.ts";
import { throughTiles, tilingOf } from "./tiles.ts";

/** Latents (b, c, h, w) to pictures (b, 3, H, W), about −1 … 1; one at a time, to keep memory low. */
export async function decodeLatents(context: Context, latents: Tensor): Promise<Tensor> {
  const { config } = context.model.autoencoder;
  const batch = latents.shape[0]!;
  const unscaled = map(latents, (v) => v / config.scaling_factor + (config.shift_factor ?? 0));
  const pictures: Tensor[] = [];
  for (let i = 0; i < batch; i++) {
    pictures.push(requireFinite(await decode(context, rows(unscaled, i)), "the picture that the autoencoder decoded"));
    context.onProgress({ phase: "decode", step: i + 1, of: batch });
  }
  return concat(pictures);
}

/** Unscaled latents (1, c, h, w) to a picture (1, 3, H, W), whole or in tiles. */
export async function decode(context: Context, latents: Tensor): Promise<Tensor> {
  const { config } = context.model.autoencoder;
  const [tile, pixels] = [Math.trunc(config.sample_size / pixelsPerLatent(config)), config.sample_size];
  if (context.tiled && Math.max(...latents.shape.slice(2)) > tile)
    return throughTiles(latents, tilingOf(tile, pixels), (part) => decodeWhole(context, part));
  return decodeWhole(context, latents);
}

async function decodeWhole(context: Context, latents: Tensor): Promise<Tensor> {
  const [, , height, width] = latents.shape as [number, number, number, number];
  const { autoencoder } = context.model;
  const graph = decoder(exactScope(context), autoencoder.config, { batch: 1, height, width });
  const session = await context.engine.session(graph, {
    label: "the autoencoder's decoder",

    ...stopBy(context),
  });
  const { image } = await session.run({ latents }, stopBy(context));
  return image!;
}

/** A picture (1, 3, H, W) to scaled latents (1, c, h, w): a draw from the posterior. */
export async function encodePicture(context: Context, picture: Tensor, noise: NoiseSource): Promise<Tensor> {
  const { config } = context.model.autoencoder;
  const { mean, logVariance } = await encode(context, picture);
  context.onProgress({ phase: "encode", step: 1, of: 1 });
  const draw = noise.randn(mean.shape);
  const latents = map(mean, (v, i) => v + Math.exp(logVariance.data[i]! / 2) * draw.data[i]!);
  return requireFinite(
    map(latents, (v) => (v - (config.shift_factor ?? 0)) * config.scaling_factor),
    "the picture's latents",
  );
}

/** The posterior over unscaled latents of a picture (1, 3, H, W), whole or in tiles. */
export async function encode(context: Context, picture: Tensor): Promise<{ mean: Tensor; logVariance: Tensor }> {
  const { config } = context.model.autoencoder;
  const [tile, latents] = [config.sample_size, Math.trunc(config.sample_size / pixelsPerLatent(config))];
  const moments =
    context.tiled && Math.max(...picture.shape.slice(2)) > tile
      ? await throughTiles(picture, tilingOf(tile, latents), (part) => encodeWhole(context, part))
      : await encodeWhole(context, picture);
  const [mean, logVariance] = chunkChannels(moments, 2) as [Tensor, Tensor];
  return { mean, logVariance };
}

/** Mean and logarithm of the variance, one above the other in the channels. */
async function encodeWhole(context: Context, picture: Tensor): Promise<Tensor> {
  const [, , height, width] = picture.shape as [number, number, number, number];
  const { autoencoder } = context.model;
  const graph = encoder(exactScope(context), autoencoder.config, { batch: 1, height, width });
  const session = await context.engine.session(graph, {
    label: "the autoencoder's encoder",

    ...stopBy(context),
  });
  const { mean, log_variance } = await session.run({ image: picture }, stopBy(context));
  return joinChannels([mean!, log_variance!]);
}

/** Large pictures in the form of int8 products would take gigabytes: the autoencoder stays in full precision. */
const exactScope = (context: Context): WeightScope => scopeOf(context, context.model.autoencoder).exact();

/** Latents (1, c, h, w) for each of `batch` pictures. */
export const repeatBatch = (latents: Tensor, batch: number): Tensor =>
  concat(Array.from({ length: batch }, () => latents));

/** The shape of the latents of `batch` pictures of that size in pixels. */
export function latentShape(
  context: Context,
  batch: number,
  height: number,
  width: number,
): [number, number, number, number] {
  const { config } = context.model.autoencoder;
  const size = latentSize(config, height, width);
  return [batch, config.latent_channels, size.height, size.width];
}

/** x·mask + known·(1 − mask); the mask (1, 1, h, w) goes over all channels and pictures. */
export function blend(x: Tensor, known: Tensor, mask: Tensor): Tensor {
  const area = mask.data.length;
  return combine(
    [1, map(x, (v, i) => v * mask.data[i % area]!)],
    [1, map(known, (v, i) => v * (1 - mask.data[i % area]!))],
  );
}
