// `.diffusion` documents out of pictures: ours word for word, A1111's and ComfyUI's translated.
import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { encodeImage, type OutputFormat } from "../../../daemon/src/codecs/encode.ts";
import { documentFromA1111, documentFromComfy, recoverDocument } from "../../../daemon/src/codecs/recover.ts";
import { gradient, sampleRecord } from "./samples.ts";

const picture = gradient(16, 16, 3);
const keysOf = (document: string | undefined): unknown => parse(document!, { intAsBigInt: false });

describe.each<OutputFormat>(["png", "jpeg", "webp"])("from a %s", (format) => {
  test("our node comes back word for word, before A1111's line", async () => {
    const metadata = { record: sampleRecord, parameters: "other\nSteps: 1, Seed: 2, Size: 8x8" };
    expect(recoverDocument(await encodeImage(picture, format, { metadata }))).toBe(sampleRecord.node);
  });
  test("A1111's line is translated", async () => {
    const metadata = { parameters: "a cat\nSteps: 20, Sampler: Euler a, Seed: 1" };
    expect(recoverDocument(await encodeImage(picture, format, { metadata }))).toBe(
      "diffusion: 1\nprompt: a cat\nsteps: 20\nsampler: euler_ancestral\nseed: 1\ncompat: a1111\n",
    );
  });
  test("a picture without record says so", async () => {
    const bytes = await encodeImage(picture, format);
    expect(() => recoverDocument(bytes)).toThrow(expect.objectContaining({ code: "picture-invalid" }));
    expect(() => recoverDocument(bytes)).toThrow("carries no record");
  });
});

describe("A1111", () => {
  test("all we know", () => {
    const text = `(masterpiece:1.2), a cat: "the" <lora:x:0.8>
second line # not a comment
Negative prompt: - dog
Steps: 28, Sampler: DPM++ 2M Karras, CFG scale: 6.5, Seed: 18446744073709551615, Size: 832x1216, Model hash: e6e99610c4, Model: some, Clip skip: 2, Denoising strength: 0.45, Hires upscale: 1.5, Hires steps: 12, Hires upscaler: R-ESRGAN 4x+, Version: v1.6.0`;
    expect(documentFromA1111(text)).toBe(`# model: some (e6e99610c4)
# upscaler: R-ESRGAN 4x+
diffusion: 1
prompt: |-
  (masterpiece:1.2), a cat: "the" <lora:x:0.8>
  second line # not a comment
negative_prompt: "- dog"
steps: 28
sampler: dpmpp_2m
scheduler: karras
guidance_scale: 6.5
seed: 18446744073709551615
width: 832
height: 1216
clip_skip: 2
hires:
  scale: 1.5
  steps: 12
  strength: 0.45
compat: a1111
`);
  });

  test("what we lack stands in comments that cannot become keys", () => {
    const text =
      'x\nSteps: 0x10, Sampler: Restart, Schedule type: "a: b\\nsteps: 3", Seed: -1, Size: big, Denoising strength: 0.5';
    expect(documentFromA1111(text)).toBe(
      "# sampler: Restart\n# schedule: a: b steps: 3\n# denoising strength: 0.5\ndiffusion: 1\nprompt: x\ncompat: a1111\n",
    );
  });

  test.each([
    "no",
    "null",
    "1.5",
    "- a",
    "{a|b}",
    "&x",
    "*y",
    "'",
    '"',
    "a: b",
    "# c",
    "!t",
    "%",
    "@",
    "`",
    "~",
    "",
    "…\u0085\u2028x",
    "\ttab",
    "a\n\n b",
    "trailing:",
    "日本 😀",
    "$node",
    "=",
    "0x1f",
    "true",
    "---",
    "...\na",
  ])("the prompt %j stays text", (prompt) =>
    expect(keysOf(documentFromA1111(`${prompt}\nSteps: 1, Seed: 2, Size: 8x8`))).toMatchObject({
      prompt: prompt
        .trim()
        .split("\n")
        .map((line) => line.trim())
        .join("\n"),
    }),
  );
});

const basic = {
  "3": {
    class_type: "KSampler",
    inputs: {
      seed: 156680208700286,
      steps: 20,
      cfg: 8,
      sampler_name: "dpm_2_ancestral",
      scheduler: "normal",
      denoise: 1,
      model: ["4", 0],
      positive: ["6", 0],
      negative: ["7", 0],
      latent_image: ["5", 0],
    },
  },
  "4": { class_type: "CheckpointLoaderSimple", inputs: { ckpt_name: "v1-5.safetensors" } },
  "5": { class_type: "EmptyLatentImage", inputs: { width: 512, height: 640, batch_size: 1 } },
  "6": { class_type: "CLIPTextEncode", inputs: { text: "beautiful scenery", clip: ["4", 1] } },
  "7": { class_type: "CLIPTextEncode", inputs: { text: "text, watermark", clip: ["4", 1] } },
  "8": { class_type: "VAEDecode", inputs: { samples: ["3", 0], vae: ["4", 2] } },
  "9": { class_type: "SaveImage", inputs: { filename_prefix: "ComfyUI", images: ["8", 0] } },
};
const plain = {
  diffusion: 1,
  prompt: "beautiful scenery",
  negative_prompt: "text, watermark",
  steps: 20,
  sampler: "dpm2_ancestral",
  scheduler: "normal",
  guidance_scale: 8,
  seed: 156680208700286,
  width: 512,
  height: 640,
  compat: "comfyui",
};

/** `basic` with inputs changed by node, and with nodes added. */
function variant(inputs: Record<string, object>, added: object = {}): object {
  const nodes = Object.entries(basic).map(([id, node]) => [id, { ...node, inputs: { ...node.inputs, ...inputs[id] } }]);
  return { ...(Object.fromEntries(nodes) as object), ...added };
}

describe("ComfyUI", () => {
  test.each<[what: string, graph: object, keys: object]>([
    ["the default graph", basic, plain],
    [
      "LoRAs and a cut text encoder",
      variant(
        { "3": { model: ["10", 0] }, "6": { clip: ["12", 0] } },
        {
          "10": {
            class_type: "LoraLoader",
            inputs: {
              lora_name: "b.safetensors",
              strength_model: 0.5,
              strength_clip: 0.25,
              model: ["11", 0],
              clip: ["11", 1],
            },
          },
          "11": {
            class_type: "LoraLoader",
            inputs: {
              lora_name: "a.safetensors",
              strength_model: 1,
              strength_clip: 1,
              model: ["4", 0],
              clip: ["4", 1],
            },
          },
          "12": { class_type: "CLIPSetLastLayer", inputs: { stop_at_clip_layer: -2, clip: ["10", 1] } },
        },
      ),
      {
        ...plain,
        clip_skip: 2,
        loras: [
          { file: "a.safetensors", weight: 1 },
          { file: "b.safetensors", weight: 0.5, text_weight: 0.25 },
        ],
      },
    ],
    [
      "ControlNet between text and sampler, text and seed from primitives",
      variant(
        { "3": { positive: ["10", 0], negative: ["10", 1], seed: ["12", 0] }, "6": { text: ["11", 0] } },
        {
          "10": {
            class_type: "ControlNetApplyAdvanced",
            inputs: { positive: ["6", 0], negative: ["7", 0], strength: 1, image: ["13", 0] },
          },
          "11": { class_type: "PrimitiveString", inputs: { value: "from elsewhere" } },
          "12": { class_type: "PrimitiveInt", inputs: { value: 7 } },
          "13": { class_type: "LoadImage", inputs: { image: "x.png" } },
        },
      ),
      { ...plain, prompt: "from elsewhere", seed: 7 },
    ],
    [
      "combined and concatenated conditionings, zeroed negative",
      variant(
        { "3": { positive: ["10", 0], negative: ["12", 0] } },
        {
          "10": { class_type: "ConditioningCombine", inputs: { conditioning_1: ["11", 0], conditioning_2: ["7", 0] } },
          "11": {
            class_type: "ConditioningConcat",
            inputs: { conditioning_to: ["6", 0], conditioning_from: ["6", 0] },
          },
          "12": { class_type: "ConditioningZeroOut", inputs: { conditioning: ["6", 0] } },
        },
      ),
      { ...plain, prompt: "beautiful scenery BREAK beautiful scenery AND text, watermark", negative_prompt: undefined },
    ],
    [
      "two passes",
      variant(
        { "8": { samples: ["20", 0] } },
        {
          "20": {
            class_type: "KSampler",
            inputs: { ...basic["3"].inputs, seed: 5, steps: 14, denoise: 0.5, latent_image: ["21", 0] },
          },
          "21": { class_type: "LatentUpscale", inputs: { width: 768, height: 960, samples: ["3", 0] } },
        },
      ),
      { ...plain, hires: { scale: 1.5, steps: 14, strength: 0.5 } },
    ],
    [
      "KSamplerAdvanced, base and refiner",
      variant(
        { "3": { noise_seed: 9, seed: undefined }, "8": { samples: ["20", 0] } },
        {
          "20": {
            class_type: "KSamplerAdvanced",
            inputs: { ...basic["3"].inputs, noise_seed: 0, steps: 25, latent_image: ["3", 0] },
          },
        },
      ),
      { ...plain, seed: 9 },
    ],
    [
      "SamplerCustomAdvanced and its helpers",
      variant(
        { "8": { samples: ["20", 0] } },
        {
          "20": {
            class_type: "SamplerCustomAdvanced",
            inputs: {
              noise: ["21", 0],
              guider: ["22", 0],
              sampler: ["23", 0],
              sigmas: ["24", 0],
              latent_image: ["5", 0],
            },
          },
          "21": { class_type: "RandomNoise", inputs: { noise_seed: 3 } },
          "22": {
            class_type: "CFGGuider",
            inputs: { cfg: 4.5, model: ["4", 0], positive: ["6", 0], negative: ["7", 0] },
          },
          "23": { class_type: "KSamplerSelect", inputs: { sampler_name: "euler" } },
          "24": { class_type: "BasicScheduler", inputs: { scheduler: "beta", steps: 30, denoise: 1, model: ["4", 0] } },
        },
      ),
      { ...plain, seed: 3, steps: 30, sampler: "euler", scheduler: "beta", guidance_scale: 4.5 },
    ],
    [
      "SDXL's encoder",
      variant({ "6": { text: undefined, text_g: "global", text_l: "local" } }),
      { ...plain, prompt: "global" },
    ],
    [
      "another sampler that is not saved",
      { "1": { ...basic["3"], inputs: { ...basic["3"].inputs, seed: 1 } }, ...basic },
      plain,
    ],
    [
      "names we lack",
      variant({ "3": { sampler_name: "res_multistep", scheduler: "bong_tangent" } }),
      { ...plain, sampler: undefined, scheduler: undefined },
    ],
    [
      "links in circles",
      variant(
        { "3": { positive: ["30", 0], model: ["31", 0] } },
        {
          "30": { class_type: "Reroute", inputs: { conditioning: ["30", 0] } },
          "31": { class_type: "Patch", inputs: { model: ["31", 0] } },
        },
      ),
      { ...plain, prompt: "" },
    ],
    [
      "links to nowhere",
      variant({ "3": { positive: ["99", 0], latent_image: ["99", 0] } }),
      { ...plain, prompt: "", width: undefined, height: undefined },
    ],
  ])("%s", (_, graph, keys) => {
    expect(keysOf(documentFromComfy(JSON.stringify(graph)))).toEqual(JSON.parse(JSON.stringify(keys)));
  });

  test("a seed of 64 bits keeps every digit; Python's NaN does no harm; the model is named", () => {
    const graph = JSON.stringify(basic)
      .replace("156680208700286", "18446744073709551615")
      .replace('"batch_size":1', '"batch_size":NaN,"n":"NaN"');
    const document = documentFromComfy(graph)!;
    expect(document).toContain("seed: 18446744073709551615\n");
    expect(document).toMatch(/^# model: v1-5\.safetensors\ndiffusion: 1\n/);
  });

  test("long texts beside Python's NaN", () => {
    const text = 'words "quoted" '.repeat(300_000) + "end";
    const graph = JSON.stringify(variant({ "6": { text } })).replace('"batch_size":1', '"batch_size":NaN');
    expect(keysOf(documentFromComfy(graph))).toMatchObject({ prompt: text });
  });

  test.each([
    "",
    "{",
    "[]",
    "{}",
    "null",
    '{"1": null}',
    '{"1": {"class_type": "SaveImage"}}',
    '{"nodes": [], "links": []}',
  ])("%j is no graph", (text) => expect(documentFromComfy(text)).toBeUndefined());
});
