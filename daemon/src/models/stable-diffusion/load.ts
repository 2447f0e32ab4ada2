// Opens a Stable Diffusion model (1.x, 2.x, XL) from a diffusers folder: configs and headers only, no weights.
import { join } from "node:path";
import { DiffusionError } from "../../base/errors.ts";
import type { WeightSource } from "../../weights/source.ts";
import { openWeights } from "../../weights/source.ts";
import type { Tensors } from "../../nn/weight-scope.ts";
import type { ClipTextConfig } from "../clip/index.ts";
import { readClipTextConfig } from "../clip/index.ts";
import { renameKeys } from "../keys.ts";
import type { ModelFolder } from "../model-folder.ts";
import { readComponentConfig } from "../model-folder.ts";
import type { AutoencoderConfig } from "./autoencoder-config.ts";
import { readAutoencoderConfig } from "./autoencoder-config.ts";
import { AUTOENCODER_KEYS } from "./keys.ts";
import type { UNetConfig } from "./unet-config.ts";
import { readUNetConfig } from "./unet-config.ts";

/** A network's config and where its weights lie. */
export interface Component<C> {
  readonly config: C;
  readonly tensors: Tensors;
  readonly source: WeightSource;
}

export interface TextEncoder extends Component<ClipTextConfig> {
  /** folder of the tokenizer that goes with it */
  readonly tokenizer: string;
  /** CLIPTextModelWithProjection: it gives the pooled embedding */
  readonly projection: boolean;
}

export interface StableDiffusion {
  readonly folder: ModelFolder;
  readonly textEncoders: readonly TextEncoder[];
  readonly unet: Component<UNetConfig>;
  readonly autoencoder: Component<AutoencoderConfig>;
  /** scheduler_config.json */
  readonly scheduler: Readonly<Record<string, unknown>>;
}

/** @throws DiffusionError `model-invalid`, `weights-invalid`, `weights-unsafe` */
export async function loadStableDiffusion(folder: ModelFolder): Promise<StableDiffusion> {
  const encoders = ["", "_2"].filter((suffix) => folder.components.has(`text_encoder${suffix}`));
  for (const name of ["text_encoder", "unet", "vae", "scheduler"])
    if (!folder.components.has(name))
      throw new DiffusionError("model-invalid", `${join(folder.path, "model_index.json")} names no ${name}`);
  const [textEncoders, unet, autoencoder, scheduler] = await Promise.all([
    Promise.all(encoders.map((suffix) => textEncoder(folder, suffix))),
    network(folder, "unet", "diffusion_pytorch_model", readUNetConfig),
    network(folder, "vae", "diffusion_pytorch_model", readAutoencoderConfig),
    readComponentConfig(folder, "scheduler", "scheduler_config.json"),
  ]);
  return {
    folder,
    textEncoders,
    unet,
    autoencoder: { ...autoencoder, tensors: renameKeys(autoencoder.source.tensors, AUTOENCODER_KEYS) },
    scheduler,
  };
}

async function textEncoder(folder: ModelFolder, suffix: string): Promise<TextEncoder> {
  const name = `text_encoder${suffix}`;
  const component = await network(folder, name, "model", readClipTextConfig);
  return {
    ...component,
    tokenizer: join(folder.path, `tokenizer${suffix}`),
    projection: folder.components.get(name) === "CLIPTextModelWithProjection",
  };
}

async function network<C>(
  folder: ModelFolder,
  name: string,
  stem: string,
  read: (raw: unknown, path: string) => C,
): Promise<Component<C>> {
  const config = read(await readComponentConfig(folder, name), join(folder.path, name, "config.json"));
  const source = await openWeights(join(folder.path, name), stem);
  return { config, tensors: source.tensors, source };
}

/** Every weights file of the model. */
export function weightFilesOf(model: StableDiffusion): string[] {
  return [...model.textEncoders, model.unet, model.autoencoder].flatMap(({ source }) => source.files);
}
