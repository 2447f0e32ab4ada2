// Model folders in the diffusers layout: what is told of them, older spellings, and what is said of broken ones.
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { familyOf } from "../../../daemon/src/models/families.ts";
import { renameKeys } from "../../../daemon/src/models/keys.ts";
import { readModelFolder } from "../../../daemon/src/models/model-folder.ts";
import {
  decoder,
  encoder,
  loadStableDiffusion,
  weightFilesOf,
} from "../../../daemon/src/models/stable-diffusion/index.ts";
import { emission } from "../../../daemon/src/nn/emission.ts";
import { WeightScope } from "../../../daemon/src/nn/weight-scope.ts";
import { ModelCopy, referenceModel } from "./model-copy.ts";

const describeModel = async (path: string) => {
  const folder = await readModelFolder(path);
  return familyOf(folder).describe(folder);
};
const load = async (path: string) => loadStableDiffusion(await readModelFolder(path));

describe("a model tells of itself:", () => {
  test.each([
    ["sd15_txt2img", "1", ["text encoder", "unet", "autoencoder"], 64],
    ["sd2_vpred", "1", ["text encoder", "unet", "autoencoder"], 64],
    ["sdxl_txt2img", "XL", ["text encoder", "text encoder 2", "unet", "autoencoder"], 64],
  ])("%s", async (name, variant, parts, nativeSize) => {
    const told = await describeModel(referenceModel(name));
    expect({ ...told, parts: told.parts.map((part) => part.name) }).toEqual({
      variant,
      parts,
      tasks: ["text to image", "image to image", "inpainting"],
      nativeSize,
    });
  });

  test("every weights file of it, by its whole path", async () => {
    const path = referenceModel("sdxl_txt2img");
    expect(weightFilesOf(await load(path))).toEqual(
      ["text_encoder/model", "text_encoder_2/model", "unet/diffusion_pytorch_model", "vae/diffusion_pytorch_model"].map(
        (file) => join(path, `${file}.safetensors`),
      ),
    );
  });

  test("a UNet of nine channels does nothing yet", async () => {
    using copy = new ModelCopy("sd15_txt2img").editJson("unet/config.json", (config) => ({
      ...config,
      in_channels: 9,
    }));
    expect((await describeModel(copy.path)).tasks).toEqual([]);
  });

  test("makers' hints beside the index", async () => {
    using copy = new ModelCopy("sd15_txt2img");
    expect((await readModelFolder(copy.path)).hints).toEqual({ defaults: {} });
    const hints = { license: "MIT", description: "Tiny.", defaults: { steps: 9, guidance_scale: "7" }, other: 1 };
    copy.write("diffusion.json", JSON.stringify(hints));
    expect((await readModelFolder(copy.path)).hints).toEqual({
      license: "MIT",
      description: "Tiny.",
      defaults: { steps: 9 },
    });
  });
});

describe("as Python writes JSON:", () => {
  test("NaN and Infinity are numbers, in places that matter to no one", async () => {
    using copy = new ModelCopy("sd15_txt2img");
    copy.write(
      "model_index.json",
      '{"_class_name": "StableDiffusionPipeline", "x": NaN, "y": [null, null], "z": -Infinity}',
    );
    const { flags, components } = await readModelFolder(copy.path);
    expect(flags).toEqual({ x: NaN, z: -Infinity });
    expect([...components]).toEqual([]);
  });

  test("and refused where a number is needed", async () => {
    using copy = new ModelCopy("sd15_txt2img").write("vae/config.json", '{"scaling_factor": NaN}');
    await expect(load(copy.path)).rejects.toThrow(
      /vae\/config\.json: scaling_factor is .*, where this version expects a number/,
    );
  });
});

describe("older spellings:", () => {
  const OLD: [RegExp, string][] = [
    [/attentions\.0\.to_q\./, "attentions.0.query."],
    [/attentions\.0\.to_k\./, "attentions.0.key."],
    [/attentions\.0\.to_v\./, "attentions.0.value."],
    [/attentions\.0\.to_out\.0\./, "attentions.0.proj_attn."],
  ];
  const toOld = (key: string) => OLD.reduce((name, [pattern, old]) => name.replace(pattern, old), key);

  test("an autoencoder from before diffusers 0.15 has all its keys", async () => {
    using copy = new ModelCopy("sd15_txt2img");
    const before = await load(copy.path);
    copy.editWeights("vae/diffusion_pytorch_model.safetensors", (header) =>
      Object.fromEntries(Object.entries(header).map(([key, value]) => [toOld(key), value])),
    );
    const { autoencoder } = await load(copy.path);
    expect([...autoencoder.source.tensors.keys()]).toContain("decoder.mid_block.attentions.0.proj_attn.weight");
    expect([...autoencoder.tensors.keys()].sort()).toEqual([...before.autoencoder.tensors.keys()].sort());
    const scope = new WeightScope(autoencoder.tensors, emission("cpu"));
    const size = { batch: 1, height: 8, width: 8 };
    expect(() => [decoder(scope, autoencoder.config, size), encoder(scope, autoencoder.config, size)]).not.toThrow();
  });

  test("rules apply in order, to every key", () => {
    const range = { file: "/w", dtype: "f32", shape: [1], offset: 0, length: 4 } as const;
    const tensors = new Map(["a.x", "b"].map((key) => [key, { ...range, shape: [1] }]));
    const renamed = renameKeys(tensors, [
      [/^a\./, "b."],
      [/^b\./, "c."],
    ]);
    expect([...renamed.keys()]).toEqual(["c.x", "b"]);
  });
});

describe("a broken model is refused with its place:", () => {
  type Break = (copy: ModelCopy) => ModelCopy;
  const index =
    (edit: (json: Record<string, unknown>) => Record<string, unknown>): Break =>
    (copy) =>
      copy.editJson("model_index.json", edit);

  test.each<[string, Break, string, RegExp]>([
    ["no folder", (copy) => copy.remove(""), "model-not-found", /^there is no model at .*model copy/],
    [
      "no index",
      (copy) => copy.remove("model_index.json"),
      "model-unknown",
      /is not a model folder: it has no model_index\.json/,
    ],
    [
      "an index that is a list",
      (copy) => copy.write("model_index.json", "[]"),
      "model-invalid",
      /model_index\.json must hold a JSON object$/,
    ],
    [
      "an index that is no JSON",
      (copy) => copy.write("model_index.json", '{"a": 1,\n}'),
      "model-invalid",
      /model_index\.json:2:1: not valid JSON/,
    ],
    [
      "another family",
      index((json) => ({ ...json, _class_name: "FluxPipeline" })),
      "model-unknown",
      /is a FluxPipeline model; this version runs: Stable Diffusion$/,
    ],
    [
      "no unet in the index",
      index(({ unet: _, ...rest }) => rest),
      "model-invalid",
      /model_index\.json names no unet$/,
    ],
    [
      "no scheduler in the index",
      index((json) => ({ ...json, scheduler: [null, null] })),
      "model-invalid",
      /names no scheduler$/,
    ],
    [
      "no config",
      (copy) => copy.remove("vae/config.json"),
      "model-invalid",
      /names a vae but has no vae\/config\.json$/,
    ],
    [
      "a config that is a number",
      (copy) => copy.write("unet/config.json", "1"),
      "model-invalid",
      /unet\/config\.json must hold a JSON object$/,
    ],
    ["no weights", (copy) => copy.remove("unet/diffusion_pytorch_model.safetensors"), "file-not-found", /unet/],
    [
      "weights cut off",
      (copy) => copy.write("unet/diffusion_pytorch_model.safetensors", "short"),
      "weights-invalid",
      /diffusion_pytorch_model\.safetensors/,
    ],
    [
      "pickled weights alone",
      (copy) => copy.remove("unet/diffusion_pytorch_model.safetensors").write("unet/diffusion_pytorch_model.bin", "x"),
      "weights-unsafe",
      /diffusion_pytorch_model\.bin/,
    ],
  ])("%s", async (_, damage, code, message) => {
    using copy = new ModelCopy("sd15_txt2img");
    damage(copy);
    const told = describeModel(copy.path);
    await expect(told).rejects.toMatchObject({ name: "DiffusionError", code });
    await expect(told).rejects.toThrow(message);
    mkdirSync(copy.path, { recursive: true });
  });
});
