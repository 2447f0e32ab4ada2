// A model of the full size of Stable Diffusion 1.5 with random f16 weights, written once to a cache outside the repository.
import { existsSync } from "node:fs";
import { cp, mkdir, open, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { installFolder } from "../../daemon/src/base/install.ts";
import { clipTextModel, readClipTextConfig } from "../../daemon/src/models/clip/index.ts";
import { readAutoencoderConfig } from "../../daemon/src/models/stable-diffusion/autoencoder-config.ts";
import { decoder, encoder, unet } from "../../daemon/src/models/stable-diffusion/index.ts";
import { readUNetConfig } from "../../daemon/src/models/stable-diffusion/unet-config.ts";
import { emission } from "../../daemon/src/nn/emission.ts";
import { type Tensors, WeightScope } from "../../daemon/src/nn/weight-scope.ts";
import { cacheFolder } from "../../daemon/src/runtime/cache-folder.ts";
import { type Shape, sizeOf } from "../../daemon/src/tensor/tensor.ts";

const UNET = { cross_attention_dim: 768, sample_size: 64 };
const AUTOENCODER = {
  block_out_channels: [128, 256, 512, 512],
  down_block_types: Array.from({ length: 4 }, () => "DownEncoderBlock2D"),
  up_block_types: Array.from({ length: 4 }, () => "UpDecoderBlock2D"),
  layers_per_block: 2,
  sample_size: 512,
};
const TEXT = {
  hidden_size: 768,
  intermediate_size: 3072,
  num_attention_heads: 12,
  num_hidden_layers: 12,
  eos_token_id: 2,
};

/** The folder of the model, in the diffusers layout. */
export async function randomModel(): Promise<string> {
  const folder = join(cacheFolder(), "bench", "sd15-random");
  if (existsSync(folder)) return folder;
  const draft = `${folder}.tmp`;
  await rm(draft, { recursive: true, force: true });
  const scope = (tensors: Tensors) => new WeightScope(tensors, emission("cpu"));
  const size = { batch: 1, height: 64, width: 64 };
  await component(draft, "unet", "diffusion_pytorch_model", UNET, (tensors) =>
    unet(scope(tensors), readUNetConfig(UNET, ""), { ...size, textTokens: 77 }),
  );
  await component(draft, "vae", "diffusion_pytorch_model", AUTOENCODER, (tensors) => {
    decoder(scope(tensors), readAutoencoderConfig(AUTOENCODER, ""), size);
    encoder(scope(tensors), readAutoencoderConfig(AUTOENCODER, ""), size);
  });
  await component(draft, "text_encoder", "model", TEXT, (tensors) =>
    clipTextModel(scope(tensors), readClipTextConfig(TEXT, ""), {
      batch: 1,
      skip: 0,
      finalNorm: true,
      projection: false,
    }),
  );
  const bundled = join(installFolder, "media", "models", "vignette");
  for (const part of ["tokenizer", "scheduler", "model_index.json"])
    await cp(join(bundled, part), join(draft, part), { recursive: true });
  await rename(draft, folder);
  return folder;
}

async function component(
  folder: string,
  name: string,
  stem: string,
  config: object,
  emit: (tensors: Tensors) => unknown,
): Promise<void> {
  const shapes = new Map<string, Shape>();
  emit({
    has: () => true,
    keys: () => [],
    get: (key, shape) => {
      shapes.set(key, shape);
      return { file: "", dtype: "f16", shape: [...shape], offset: 0, length: 2 * sizeOf(shape) };
    },
  });
  await mkdir(join(folder, name), { recursive: true });
  await writeFile(join(folder, name, "config.json"), JSON.stringify(config));
  await writeRandom(join(folder, name, `${stem}.safetensors`), shapes);
}

/** Weights that keep the variance about constant: norms near one, the rest by fan-in. */
async function writeRandom(path: string, shapes: ReadonlyMap<string, Shape>): Promise<void> {
  let offset = 0;
  const entries = [...shapes].map(([key, shape]) => {
    const begin = offset;
    offset += 2 * sizeOf(shape);
    return [key, { dtype: "F16", shape, data_offsets: [begin, offset] }] as const;
  });
  const header = Buffer.from(JSON.stringify(Object.fromEntries(entries)));
  const padding = Buffer.alloc((8 - (header.length % 8)) % 8, " ");
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(header.length + padding.length));
  const file = await open(path, "w");
  try {
    await file.write(Buffer.concat([length, header, padding]));
    for (const [key, shape] of shapes) await writeTensor(file, key, shape);
  } finally {
    await file.close();
  }
}

const POOL = Float32Array.from(
  { length: 1 << 16 },
  () => Math.sqrt(-2 * Math.log(1 - Math.random())) * Math.cos(2 * Math.PI * Math.random()),
);

async function writeTensor(file: Awaited<ReturnType<typeof open>>, key: string, shape: Shape): Promise<void> {
  const norm = shape.length === 1 && key.endsWith("weight");
  const deviation = shape.length === 1 ? 0.02 : 0.7 / Math.sqrt(sizeOf(shape.slice(1)));
  const halves = new Uint16Array(POOL.length);
  const view = new DataView(halves.buffer);
  POOL.forEach((v, i) => view.setFloat16(2 * i, (norm ? 1 : 0) + deviation * v, true));
  const block = Buffer.from(halves.buffer);
  for (let left = 2 * sizeOf(shape); left > 0; left -= block.length)
    await file.write(block, 0, Math.min(left, block.length));
}
