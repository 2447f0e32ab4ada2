// Checks pictures against diffusers on a device, from the outside in: ids, text states, one UNet call, each step's latents, the
// autoencoder, the PNG.
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeImage } from "../../daemon/src/codecs/decode.ts";
import { imagesFromTensor } from "../../daemon/src/codecs/image-tensor.ts";
import { preprocessImage, preprocessMask } from "../../daemon/src/codecs/preprocess.ts";
import { readModelFolder } from "../../daemon/src/models/model-folder.ts";
import {
  decoder,
  encoder,
  loadStableDiffusion,
  pixelsPerLatent,
  type StableDiffusion,
  unet,
} from "../../daemon/src/models/stable-diffusion/index.ts";
import { readAutoencoderConfig } from "../../daemon/src/models/stable-diffusion/autoencoder-config.ts";
import type { Emission, Target } from "../../daemon/src/nn/emission.ts";
import { decode, encode } from "../../daemon/src/pipelines/autoencode.ts";
import { type Context, scopeOf } from "../../daemon/src/pipelines/context.ts";
import { imageToImage } from "../../daemon/src/pipelines/image-to-image.ts";
import { inpaint } from "../../daemon/src/pipelines/inpaint.ts";
import type { PictureRequest } from "../../daemon/src/pipelines/request.ts";
import { encodePrompts } from "../../daemon/src/pipelines/text.ts";
import { textToImage } from "../../daemon/src/pipelines/text-to-image.ts";
import { TorchGenerator } from "../../daemon/src/random/torch-cpu.ts";
import { Engine } from "../../daemon/src/runtime/engine.ts";
import { checkedEmission } from "../../daemon/src/runtime/self-test.ts";
import { rows, type Tensor, tensor } from "../../daemon/src/tensor/tensor.ts";
import { encodePadded, loadClipTokenizer } from "../../daemon/src/tokenizers/clip.ts";
import { readJson } from "../../daemon/src/base/json.ts";
import { openWeights } from "../../daemon/src/weights/source.ts";
import { readSafetensors } from "./read-safetensors.ts";
import { expectClose, referenceFolder } from "./reference.ts";

const FOLDER = referenceFolder("pictures", ".");
const KINDS = ["txt2img", "img2img", "inpaint"];
/** Recorded kinds that need what other pipelines bring. */
const NOT_HERE = /controlnet|t2i_adapter|ip_adapter|instant|lora|lycoris|textual|single_file|9ch|taesd|pix2pix/;

interface Call {
  prompt: string;
  negative_prompt?: string | null;
  num_inference_steps: number;
  guidance_scale?: number;
  guidance_rescale?: number;
  clip_skip?: number;
  eta?: number;
  width?: number;
  height?: number;
  strength?: number;
  num_images_per_prompt?: number;
  prompt_2?: string;
  negative_prompt_2?: string;
  original_size?: [number, number];
  crops_coords_top_left?: [number, number];
  target_size?: [number, number];
}

interface Facts {
  kind: string;
  call: Call;
  seed: number;
  tolerance: { network: number; trajectory: number; image_levels: number };
}

interface Recorded extends Facts {
  name: string;
  folder: string;
  /** of tensor names and pictures, in a case of several calls */
  prefix: string;
}

/** Every picture case below the folder, its variants apart. */
async function recordedCases(): Promise<Recorded[]> {
  const names = readdirSync(FOLDER).filter((name) => existsSync(join(FOLDER, name, "case.json")) && !NOT_HERE.test(name));
  const infos = await Promise.all(names.map((name) => readJson(join(FOLDER, name, "case.json"))));
  return names.flatMap((name, i) => {
    const folder = join(FOLDER, name);
    const info = infos[i] as Facts & { variants?: Record<string, Facts> };
    const calls: [string, Facts][] = info.variants ? Object.entries(info.variants) : [["", info]];
    return calls
      .filter(([, facts]) => KINDS.includes(facts.kind) || (name === "lcm" && facts.call))
      .map(([variant, facts]) => ({ ...facts, name: variant ? `${name} ${variant}` : name, folder, prefix: variant ? `${variant}/` : "" }));
  });
}

let engine: Engine;
let forms: Emission;

/** Declares the tests of all recorded cases, or of those whose name matches, on a device. */
export async function checkPictures(target: Target, names = /./): Promise<void> {
  beforeAll(async () => {
    engine = await Engine.start({ target });
    forms = await checkedEmission(target);
  });
  afterAll(() => engine.close());
  describe.each((await recordedCases()).filter(({ name }) => names.test(name)))("$name", checkCase);
  const layouts = existsSync(LAYOUTS) && names.test("vae") ? readdirSync(join(LAYOUTS, "model")) : [];
  if (layouts.length > 0) describe.each(layouts)("autoencoder layout %s", checkLayout);
}

const contextOf = async (folder: string): Promise<Context> =>
  contextWith(await loadStableDiffusion(await readModelFolder(join(folder, "model"))));

function contextWith(model: StableDiffusion): Context {
  const quiet = () => undefined;
  return { model, engine, emission: forms, memoryBudget: Infinity, tiled: false, onWarning: quiet, onProgress: quiet };
}

const load = ({ folder, prefix }: Recorded): Record<string, Tensor> => {
  const all = readSafetensors(join(folder, "expected", "tensors.safetensors"));
  return Object.fromEntries(
    Object.entries(all)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, value]) => [name.slice(prefix.length), value]),
  );
};

const promptsOf = ({ call }: Recorded) => ({
  prompt: call.prompt,
  negativePrompt: call.negative_prompt ?? undefined,
  prompt2: call.prompt_2,
  negativePrompt2: call.negative_prompt_2,
  steps: call.num_inference_steps,
  clipSkip: call.clip_skip ?? 0,
  compat: "diffusers" as const,
});

function checkCase(recorded: Recorded): void {
  const want = load(recorded);
  const { tolerance, call } = recorded;

  it("reads the prompts as the same tokens", async () => {
    const { model } = await contextOf(recorded.folder);
    const texts: [string, string, number][] = [
      ["input_ids", call.prompt, 0],
      ["negative.input_ids", call.negative_prompt ?? "", 0],
      ["input_ids_2", call.prompt, 1],
    ];
    for (const [name, text, encoderIndex] of texts) {
      if (!want[name]) continue;
      const tokenizer = await loadClipTokenizer(model.textEncoders[encoderIndex]!.tokenizer);
      expect(encodePadded(tokenizer, text).ids, name).toEqual(Array.from(want[name].data));
    }
  });

  it("makes the same text states", async () => {
    const guided = want["text_embeddings.uncond"] !== undefined;
    const { positive, negative } = await encodePrompts(await contextOf(recorded.folder), promptsOf(recorded), guided);
    const [cond, uncond] = [positive[0]!.schedule[0]!.states, negative?.schedule[0]?.states];
    const pairs: [string, Tensor | undefined][] = [
      ["text_embeddings.cond", cond.states],
      ["text_embeddings.uncond", uncond?.states],
      ["text_embeddings.pooled.cond", cond.pooled],
      ["text_embeddings.pooled.uncond", uncond?.pooled],
    ];
    for (const [name, got] of pairs)
      if (want[name]) expectClose(got!.data, rows(want[name], 0).data, tolerance.network, name);
  });

  it("computes the same UNet output", async () => {
    const context = await contextOf(recorded.folder);
    const sample = want["unet.in.sample"]!;
    const text = want["unet.in.encoder_hidden_states"]!;
    const [batch, , height, width] = sample.shape as [number, number, number, number];
    const { config } = context.model.unet;
    const graph = unet(scopeOf(context, context.model.unet), config, { batch, height, width, textTokens: text.shape[1]! });
    const optional: [string, string][] = [
      ["text_embeds", "unet.in.added_cond_kwargs.text_embeds"],
      ["time_ids", "unet.in.added_cond_kwargs.time_ids"],
      ["timestep_cond", "unet.in.timestep_cond"],
    ];
    const added = optional.flatMap(([name, key]) => (want[key] ? [[name, want[key]] as const] : []));
    const feeds = { sample, encoder_hidden_states: text, timestep: tensor([want["unet.in.timestep"]!.data[0]!]), ...Object.fromEntries(added) };
    const { model_output } = await (await engine.session(graph)).run(feeds);
    expectClose(model_output!.data, want["unet.out"]!.data, tolerance.network, "unet.out");
  });

  it("decodes and encodes the same", async () => {
    const context = await contextOf(recorded.folder);
    const { config } = context.model.autoencoder;
    const scope = scopeOf(context, context.model.autoencoder);
    const sizeOf = ({ shape }: Tensor) => ({ batch: shape[0]!, height: shape[2]!, width: shape[3]! });
    const latents = want["decode.in"]!;
    const { image } = await (await engine.session(decoder(scope, config, sizeOf(latents)))).run({ latents });
    expectClose(image!.data, want["decode.out"]!.data, tolerance.network, "decode.out");
    const picture = want["encode.0.in"];
    if (!picture) return;
    const { mean, log_variance } = await (await engine.session(encoder(scope, config, sizeOf(picture)))).run({ image: picture });
    expectClose(mean!.data, want["encode.0.mean"]!.data, tolerance.network, "encode.0.mean");
    expectClose(log_variance!.data, want["encode.0.logvar"]!.data, tolerance.network, "encode.0.logvar");
  });

  it("walks the same way to the same picture", async () => {
    const seen: Tensor[] = [];
    const context = { ...(await contextOf(recorded.folder)), onLatents: (x: Tensor) => void seen.push(x) };
    const inputs = await readInputs(recorded);
    const size = { width: call.width ?? inputs.image?.width ?? 0, height: call.height ?? inputs.image?.height ?? 0 };
    const request: PictureRequest = {
      ...promptsOf(recorded),
      ...size,
      guidanceScale: call.guidance_scale ?? 7.5,
      guidanceRescale: call.guidance_rescale ?? 0,
      eta: call.eta ?? 0,
      originalSize: call.original_size,
      cropTopLeft: call.crops_coords_top_left,
      targetSize: call.target_size,
      batch: call.num_images_per_prompt ?? 1,
      noise: new TorchGenerator(BigInt(recorded.seed)),
      seed: BigInt(recorded.seed),
    };
    const fit = { ...size, multiple: pixelsPerLatent(context.model.autoencoder.config) };
    const known = inputs.image && { image: preprocessImage(inputs.image, fit), strength: call.strength ?? 0.8 };
    const picture = !known
      ? await textToImage(context, request)
      : inputs.mask
        ? await inpaint(context, { ...request, ...known, mask: preprocessMask(inputs.mask, fit) })
        : await imageToImage(context, { ...request, ...known });
    const steps = Object.keys(want).filter((name) => /^latents\.\d+$/.test(name));
    expect(seen.length).toBe(steps.length);
    // An inpainting step is recorded before the known part is put back: its last latents are seen in the picture.
    if (!inputs.mask) steps.forEach((name, i) => expectClose(seen[i]!.data, want[name]!.data, tolerance.trajectory, name));
    await expectPictures(picture, recorded);
  });
}

async function readInputs({ folder, prefix }: Recorded) {
  const read = async (name: string, channels: 1 | 3) => {
    const path = join(folder, "inputs", `${prefix}${name}.png`);
    return existsSync(path) ? decodeImage(path, { channels }) : undefined;
  };
  return { image: await read("image", 3), mask: await read("mask_image", 1) };
}

/** Within `image_levels` on at least 99.9 % of the values of each channel. */
async function expectPictures(got: Tensor, { folder, prefix, tolerance }: Recorded): Promise<void> {
  const pictures = imagesFromTensor(got, "signed");
  for (const [i, picture] of pictures.entries()) {
    const name = pictures.length > 1 ? `image_${i}.png` : "image.png";
    const want = await decodeImage(join(folder, "expected", `${prefix}${name}`));
    for (const channel of [0, 1, 2]) {
      const off = picture.data.filter((v, k) => k % 3 === channel && Math.abs(v - want.data[k]!) > tolerance.image_levels);
      expect(off.length / (picture.data.length / 3), `${name}, channel ${channel}: share beyond ${tolerance.image_levels} levels`).toBeLessThanOrEqual(0.001);
    }
  }
}

const LAYOUTS = join(FOLDER, "vae");

function checkLayout(layout: string): void {
    const want = readSafetensors(join(LAYOUTS, "expected", "tensors.safetensors"));
    const variants = [false, true].filter((tiled) => want[`${layout}/${tiled ? "tiled." : ""}decoded`]);

    it.each(variants)("encodes and decodes the same, tiled: %s", async (tiled) => {
      const folder = join(LAYOUTS, "model", layout);
      const source = await openWeights(folder, "diffusion_pytorch_model");
      const path = join(folder, "config.json");
      const autoencoder = { config: readAutoencoderConfig(await readJson(path), path), tensors: source.tensors, source };
      const context = { ...contextWith({ autoencoder } as Partial<StableDiffusion> as StableDiffusion), tiled };
      const key = (name: string) => `${layout}/${tiled ? "tiled." : ""}${name}`;
      const { mean } = await encode(context, want.image!);
      expectClose(mean.data, want[key("mean")]!.data, 1e-4, key("mean"));
      const decoded = await decode(context, want[`${layout}/mean`]!);
      expectClose(decoded.data, want[key("decoded")]!.data, 1e-4, key("decoded"));
    });
  }
