// The picture pipelines beside their numbers: what they refuse, warn of, report, and how they stop. Tiny models, the real engine.
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { encodePicture } from "../../../daemon/src/pipelines/autoencode.ts";
import { imageToImage } from "../../../daemon/src/pipelines/image-to-image.ts";
import { inpaint } from "../../../daemon/src/pipelines/inpaint.ts";
import { encodePrompts, type PromptStates } from "../../../daemon/src/pipelines/text.ts";
import { textToImage } from "../../../daemon/src/pipelines/text-to-image.ts";
import { TorchGenerator } from "../../../daemon/src/random/torch-cpu.ts";
import { Engine } from "../../../daemon/src/runtime/engine.ts";
import { full, type Tensor } from "../../../daemon/src/tensor/tensor.ts";
import { loadClipTokenizer } from "../../../daemon/src/tokenizers/clip.ts";
import { expectClose } from "../../golden/reference.ts";
import { ModelCopy, referenceModel } from "../models/model-copy.ts";
import { contextOver, request, wavyPicture } from "./tiny-context.ts";

const MODEL = referenceModel("sd15_txt2img");
const XL = referenceModel("sdxl_txt2img");

let engine: Engine;
beforeAll(async () => {
  engine = await Engine.start({ target: "cpu", threads: 1 });
});
afterAll(() => engine.close());

test("the steps of the work are reported in order", async () => {
  const { context, progress, warnings } = await contextOver(MODEL, engine);
  const picture = await textToImage(context, request({ batch: 2 }));
  expect(picture.shape).toEqual([2, 3, 24, 32]);
  const steps = [1, 2, 3, 4].map((step) => `denoise ${step}/4`);
  expect(progress).toEqual(["text 1/1", ...steps, "decode 1/2", "decode 2/2"]);
  expect(warnings).toEqual([]);
});

test("the same request gives the same bits, another seed another picture", async () => {
  const { context } = await contextOver(MODEL, engine);
  const first = await textToImage(context, request());
  expect(await textToImage(context, request())).toEqual(first);
  const other = await textToImage(context, request({ noise: new TorchGenerator(6n) }));
  expect(other.data).not.toEqual(first.data);
});

describe("guidance", () => {
  test.each([MODEL, XL])("in two runs, for little memory, draws the same as in one batch: %s", async (path) => {
    const draw = async (memoryBudget: number) => {
      const own = await Engine.start({ target: "cpu", threads: 1 });
      const { context } = await contextOver(path, own, { memoryBudget });
      const picture = await textToImage(context, request({ batch: 2, guidanceRescale: 0.3 }));
      const unets = own.loaded
        .filter(({ label }) => label === "the unet")
        .map(({ graph }) => graph.inputs[0]!.shape[0]);
      await own.close();
      return { picture, unets };
    };
    const [whole, halves] = [await draw(Infinity), await draw(0)];
    expect([whole.unets, halves.unets]).toEqual([[4], [2]]); // pictures × sides in one run
    expectClose(halves.picture.data, whole.picture.data, 1e-5, "picture");
  });

  test("of 1 asks for no negative side, and changes the picture", async () => {
    const { context } = await contextOver(MODEL, engine);
    const unguided = await textToImage(context, request({ guidanceScale: 1 }));
    const other = await textToImage(context, request({ guidanceScale: 1, negativePrompt: "anything else" }));
    expect(other).toEqual(unguided);
    expect((await textToImage(context, request())).data).not.toEqual(unguided.data);
  });
});

describe("prompts", () => {
  const LONG = Array.from({ length: 60 }, (_, i) => `a castle number ${i}`).join(", ");
  const prompts = (prompt: string, compat: "diffusers" | "comfyui" | "a1111", negativePrompt?: string) => ({
    prompt,
    negativePrompt,
    steps: 10,
    clipSkip: 0,
    compat,
  });
  const only = ({ schedule }: PromptStates = { weight: 1, schedule: [] }) => schedule[0]!.states;

  test("over one chunk are cut, and what is not read is told", async () => {
    const { context, warnings } = await contextOver(MODEL, engine);
    const { positive } = await encodePrompts(context, prompts(LONG, "diffusers"), false);
    expect(only(positive[0]).states.shape).toEqual([1, 77, 16]);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toMatch(/^the prompt is over 77 tokens; not read any more: ".* , a castle number 5 9"$/);
  });

  test.each(["comfyui", "a1111"] as const)("over one chunk are read whole under compat %s", async (compat) => {
    const { context, warnings } = await contextOver(MODEL, engine);
    const { positive, negative } = await encodePrompts(context, prompts(LONG, compat, "blurry"), true);
    const [, tokens, width] = only(positive[0]).states.shape as [number, number, number];
    expect(tokens % 77).toBe(0);
    expect(tokens).toBeGreaterThan(77);
    expect(only(negative).states.shape).toEqual([1, tokens, width]);
    expect(warnings).toEqual([]);
  });

  test("that fit are one chunk under every compat", async () => {
    const { context } = await contextOver(MODEL, engine);
    const [a, b] = await Promise.all(
      (["diffusers", "comfyui"] as const).map((compat) => encodePrompts(context, prompts("a castle", compat), false)),
    );
    expect(only(b!.positive[0]).states.shape).toEqual([1, 77, 16]);
    expectClose(only(b!.positive[0]).states.data, only(a!.positive[0]).states.data, 1e-6, "states");
  });

  /** Token 1 is the word, behind bos. */
  const WEIGHT = 1.5;

  test("A1111's weights multiply the word's states, and the mean stays", async () => {
    const { context } = await contextOver(MODEL, engine);
    const [plain, weighted] = await Promise.all(
      ["fox", `(fox:${WEIGHT})`].map((text) => encodePrompts(context, prompts(text, "a1111"), false)),
    );
    const want = [...only(plain!.positive[0]).states.data];
    const mean = (values: readonly number[]) => values.reduce((a, b) => a + b) / values.length;
    const before = mean(want);
    const words = (await loadClipTokenizer(join(MODEL, "tokenizer"))).encode("fox").length;
    const multiplied = want.map((v, i) => (i >= 16 && i < 16 * (1 + words) ? v * WEIGHT : v));
    const after = mean(multiplied);
    expectClose(
      only(weighted!.positive[0]).states.data,
      multiplied.map((v) => (v * before) / after),
      1e-5,
      "states",
    );
  });

  test("ComfyUI's weights go away from the states of no words", async () => {
    const { context } = await contextOver(MODEL, engine);
    const [plain, weighted, empty] = (
      await Promise.all(
        ["fox", `(fox:${WEIGHT})`, ""].map((text) => encodePrompts(context, prompts(text, "comfyui"), false)),
      )
    ).map(({ positive }) => only(positive[0]).states.data);
    const words = (await loadClipTokenizer(join(MODEL, "tokenizer"))).encode("fox").length;
    const want = [...plain!].map((v, i) =>
      i >= 16 && i < 16 * (1 + words) ? empty![i]! + WEIGHT * (v - empty![i]!) : v,
    );
    expectClose(weighted!, want, 1e-5, "states");
  });

  test("weights under diffusers are words, with a warning", async () => {
    const { context, warnings } = await contextOver(MODEL, engine);
    await encodePrompts(context, prompts("a (fox:1.5)", "diffusers"), false);
    expect(warnings).toEqual(["`(fox:1.5)` is taken as it is written; `compat: a1111` or `comfyui` reads it"]);
  });

  test("are composed and scheduled under a1111", async () => {
    const { context } = await contextOver(MODEL, engine);
    const { positive } = await encodePrompts(context, prompts("a [fox:castle:0.5] AND at night :0.4", "a1111"), false);
    expect(positive.map(({ weight, schedule }) => [weight, ...schedule.map(({ until }) => until)])).toEqual([
      [1, 5, 10],
      [0.4, 10],
    ]);
    const [first, second] = positive[0]!.schedule;
    expect(first!.states.states.data).not.toEqual(second!.states.states.data);
  });

  test("a schedule draws the first words until its step, then the others", async () => {
    const { context } = await contextOver(MODEL, engine);
    const latents = async (prompt: string) => {
      const seen: Tensor[] = [];
      const watched = { ...context, onLatents: (x: Tensor) => void seen.push(x) };
      await textToImage(watched, request({ prompt, compat: "a1111" }));
      return seen;
    };
    const [fox, castle, both] = [await latents("a fox"), await latents("a castle"), await latents("a [fox:castle:2]")];
    expect([both[0], both[1]]).toEqual([fox[0], fox[1]]);
    expect(both[2]!.data).not.toEqual(fox[2]!.data);
    expect(both[2]!.data).not.toEqual(castle[2]!.data);
  });

  test("negative, where XL is given none, are zeros; an empty one is read", async () => {
    const { context } = await contextOver(XL, engine);
    const absent = await encodePrompts(context, prompts("a castle", "diffusers"), true);
    expect(new Set(only(absent.negative).states.data)).toEqual(new Set([0]));
    expect(new Set(only(absent.negative).pooled!.data)).toEqual(new Set([0]));
    const empty = await encodePrompts(context, prompts("a castle", "diffusers", ""), true);
    expect(new Set(only(empty.negative).states.data).size).toBeGreaterThan(10);
  });
});

describe("a known picture", () => {
  const image = wavyPicture(3, 24, 32);

  test.each([
    [1, 4],
    [0.5, 2],
    [0.3, 1],
  ])("at strength %d runs %i of 4 steps", async (strength, steps) => {
    const { context, progress } = await contextOver(MODEL, engine);
    await imageToImage(context, { ...request(), image, strength });
    expect(progress.filter((line) => line.startsWith("denoise"))).toHaveLength(steps);
    expect(progress).toContain("encode 1/1");
  });

  test("where the mask keeps everything comes back as it was encoded", async () => {
    const { context } = await contextOver(MODEL, engine);
    const seen: Tensor[] = [];
    const whole = { ...request(), image, strength: 0.8, mask: full([1, 1, 24, 32], 0) };
    await inpaint({ ...context, onLatents: (x: Tensor) => void seen.push(x) }, whole);
    const known = await encodePicture(context, image, new TorchGenerator(5n));
    expectClose(seen.at(-1)!.data, known.data, 1e-6, "latents");
  });

  test("where the mask keeps nothing is drawn as without a mask", async () => {
    const { context } = await contextOver(MODEL, engine);
    const plain = { ...request(), image, strength: 0.8 };
    const masked = await inpaint(context, { ...plain, noise: new TorchGenerator(5n), mask: full([1, 1, 24, 32], 1) });
    expectClose(masked.data, (await imageToImage(context, plain)).data, 1e-6, "picture");
  });
});

describe("cancelling", () => {
  test("between two steps stops there, and the engine goes on to serve", async () => {
    const stop = new AbortController();
    const { context, progress } = await contextOver(MODEL, engine, { signal: stop.signal });
    let steps = 0;
    const onLatents = () => ++steps === 2 && stop.abort();
    const drawing = textToImage({ ...context, onLatents }, request());
    await expect(drawing).rejects.toMatchObject({ name: "DiffusionError", code: "cancelled" });
    expect(progress).toEqual(["text 1/1", "denoise 1/4", "denoise 2/4"]);
    const { context: next } = await contextOver(MODEL, engine);
    expect((await textToImage(next, request())).shape).toEqual([1, 3, 24, 32]);
  });

  test("before the start does nothing", async () => {
    const { context, progress } = await contextOver(MODEL, engine, { signal: AbortSignal.abort() });
    await expect(textToImage(context, request())).rejects.toMatchObject({ code: "cancelled" });
    expect(progress).toEqual([]);
  });
});

describe("weights that are not finite are said, not drawn:", () => {
  test.each([
    ["unet/diffusion_pytorch_model", "conv_out.bias", /^the unet's output at timestep .* holds NaN or infinity/],
    ["vae/diffusion_pytorch_model", "decoder.conv_out.bias", /^the picture that the autoencoder decoded holds NaN/],
    ["text_encoder/model", "text_model.final_layer_norm.bias", /holds NaN or infinity/],
  ])("%s %s", async (file, key, message) => {
    using copy = new ModelCopy("sd15_txt2img").editWeights(`${file}.safetensors`, (header, data) => {
      const entry = (header[key] ?? header[key.replace("text_model.", "")]) as { data_offsets: [number, number] };
      data.writeFloatLE(NaN, entry.data_offsets[0]);
      return header;
    });
    const { context } = await contextOver(copy.path, engine);
    const drawing = textToImage(context, request());
    await expect(drawing).rejects.toMatchObject({ name: "DiffusionError", code: "weights-not-finite" });
    await expect(drawing).rejects.toThrow(message);
  });
});

describe("what the model cannot do is refused before anything runs:", () => {
  const nine = (config: object) => ({ ...config, in_channels: 9 });
  const classes = (config: object) => ({ ...config, num_class_embeds: 10 });

  test.each([
    [{ width: 33 }, "width 33 is not a multiple of 4, which this model needs; the nearest is 32"],
    [{ height: 26 }, "height 26 is not a multiple of 4, which this model needs; the nearest is 28"],
    [{ width: 1 }, "width 1 is not a multiple of 4, which this model needs; the nearest is 4"],
  ])("%j", async (size, message) => {
    const { context, progress } = await contextOver(MODEL, engine);
    const drawing = textToImage(context, request(size));
    await expect(drawing).rejects.toMatchObject({ code: "document", message });
    expect(progress).toEqual([]);
  });

  test.each([
    ["a UNet of nine channels", nine, /takes 9 channels \(an inpainting or edit model\)/],
    ["a UNet with class labels", classes, /needs class labels, which a text prompt does not give$/],
  ])("%s", async (_, edit, message) => {
    using copy = new ModelCopy("sd15_txt2img").editJson("unet/config.json", (config) => ({ ...edit(config) }));
    const { context, progress } = await contextOver(copy.path, engine);
    const drawing = textToImage(context, request());
    await expect(drawing).rejects.toMatchObject({ name: "DiffusionError", code: "unsupported" });
    await expect(drawing).rejects.toThrow(message);
    expect(progress).toEqual([]);
  });
});
