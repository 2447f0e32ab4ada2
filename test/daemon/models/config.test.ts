// Published configs: what is understood, and that anything else is refused by name, never drawn wrongly.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { pooledIndices, readClipTextConfig } from "../../../daemon/src/models/clip/index.ts";
import {
  boolean,
  integer,
  listOf,
  number,
  oneOf,
  optional,
  perBlock,
  readConfig,
  spread,
} from "../../../daemon/src/models/config.ts";
import {
  pixelsPerLatent,
  readAutoencoderConfig,
} from "../../../daemon/src/models/stable-diffusion/autoencoder-config.ts";
import { readUNetConfig } from "../../../daemon/src/models/stable-diffusion/unet-config.ts";
import { referenceModel } from "./model-copy.ts";

type Json = Record<string, unknown>;
const publishedConfig = (component: string, model = "sd15_txt2img") =>
  JSON.parse(readFileSync(join(referenceModel(model), component, "config.json"), "utf8")) as Json;

const invalid = (message: string | RegExp) =>
  expect.objectContaining({
    code: "model-invalid",
    message: typeof message === "string" ? message : (expect.stringMatching(message) as string),
  }) as Error;

describe("fields", () => {
  const FIELDS = {
    count: integer(4),
    rate: number(0.5),
    flag: boolean(false),
    kind: oneOf(["a", "b", null], "a"),
    maybe: optional(integer()),
    widths: listOf(integer(), [1, 2]),
    layers: perBlock(integer(), 2),
    needed: integer(),
  };
  const read = (raw: unknown) => readConfig(raw, "unet/config.json", FIELDS, ["ignored"]);

  test("that are not given take their defaults", () => {
    const want = { count: 4, rate: 0.5, flag: false, kind: "a", maybe: null, widths: [1, 2], layers: 2, needed: 1 };
    expect(read({ needed: 1 })).toEqual(want);
  });

  test("that are given are taken", () => {
    const given = { count: 1, rate: -2, flag: true, kind: null, maybe: 3, widths: [7], layers: [1, 2], needed: 9 };
    expect(read({ ...given, ignored: {}, _class_name: "X" })).toEqual(given);
  });

  test.each<[Json, string]>([
    [{}, "needed is missing, where this version expects a whole number above 0"],
    [{ needed: 0 }, "needed is 0, where this version expects a whole number above 0"],
    [{ needed: "4" }, 'needed is "4", where this version expects a whole number above 0'],
    [{ needed: 1, count: 1.5 }, "count is 1.5, where this version expects a whole number above 0"],
    [{ needed: 1, count: null }, "count is null, where this version expects a whole number above 0"],
    [{ needed: 1, rate: NaN }, "rate is NaN, where this version expects a number"],
    [{ needed: 1, flag: 1 }, "flag is 1, where this version expects true or false"],
    [{ needed: 1, kind: "c" }, 'kind is "c", where this version expects one of "a", "b", null'],
    [{ needed: 1, maybe: -1 }, "maybe is -1, where this version expects a whole number above 0, or null"],
    [{ needed: 1, widths: [] }, "widths is [], where this version expects a list of a whole number above 0"],
    [{ needed: 1, widths: [1, "2"] }, 'widths is [1,"2"], where this version expects a list of a whole number above 0'],
    [
      { needed: 1, layers: [1, 0] },
      "layers is [1,0], where this version expects a whole number above 0, or a list of one for each block",
    ],
    [{ needed: 1, new_attention: true }, "the key new_attention is not understood by this version"],
    [
      JSON.parse('{"needed": 1, "__proto__x": 1, "constructor": 1}') as Json,
      "the key constructor is not understood by this version",
    ],
  ])("%j is refused", (raw, message) => {
    expect(() => read(raw)).toThrow(invalid(`unet/config.json: ${message}`));
  });

  test.each([[null], [[]], ["text"], [3]])("%j is no config", (raw) => {
    expect(() => read(raw)).toThrow(invalid("unet/config.json must hold a JSON object"));
  });

  test("one value is spread over all blocks, a list must fit them", () => {
    expect(spread(2, 3, "layers")).toEqual([2, 2, 2]);
    expect(spread([1, 2, 3], 3, "layers")).toEqual([1, 2, 3]);
    expect(() => spread([1, 2], 3, "layers of the UNet")).toThrow(
      invalid("layers of the UNet lists 2 values for 3 blocks"),
    );
  });
});

describe("the UNet's config", () => {
  const published = publishedConfig("unet");

  test("as diffusers writes it is understood", () => {
    expect(readUNetConfig(published, "p")).toMatchObject({ block_out_channels: [8, 16, 16], attention_head_dim: 4 });
  });

  test("of XL and of LCM too", () => {
    expect(readUNetConfig(publishedConfig("unet", "sdxl_txt2img"), "p").addition_embed_type).toBe("text_time");
    expect(readUNetConfig(publishedConfig("unet", "lcm"), "p").time_cond_proj_dim).toBeGreaterThan(0);
  });

  test("with a key from elsewhere is refused, and the key named", () => {
    const read = () => readUNetConfig({ ...published, use_flash: true }, "unet/config.json");
    expect(read).toThrow(invalid("unet/config.json: the key use_flash is not understood by this version"));
  });

  /** Each changes the network in a way that is not built here. */
  test.each<[string, unknown]>([
    ["center_input_sample", true],
    ["only_cross_attention", true],
    ["only_cross_attention", [true, false, false]],
    ["num_attention_heads", 8],
    ["dual_cross_attention", true],
    ["encoder_hid_dim", 1024],
    ["encoder_hid_dim_type", "text_proj"],
    ["resnet_time_scale_shift", "scale_shift"],
    ["resnet_skip_time_act", true],
    ["reverse_transformer_layers_per_block", [[1], [2]]],
    ["time_embedding_type", "fourier"],
    ["time_embedding_act_fn", "silu"],
    ["timestep_post_act", "silu"],
    ["conv_in_kernel", 1],
    ["conv_out_kernel", 5],
    ["attention_type", "gated"],
    ["class_embeddings_concat", true],
    ["cross_attention_norm", "layer_norm"],
    ["class_embed_type", "simple_projection"],
    ["addition_embed_type", "image"],
    ["mid_block_type", "UNetMidBlock2DSimpleCrossAttn"],
    ["down_block_types", ["SimpleCrossAttnDownBlock2D", "DownBlock2D", "DownBlock2D"]],
    ["up_block_types", ["AttnUpBlock2D", "UpBlock2D", "UpBlock2D"]],
    ["act_fn", "mish"],
    ["downsample_padding", 2],
  ])("%s %j is refused", (key, value) => {
    const read = () => readUNetConfig({ ...published, [key]: value }, "unet/config.json");
    expect(read).toThrow(invalid(new RegExp(`^unet/config\\.json: ${key} is `)));
  });
});

describe("the autoencoder's config", () => {
  const published = publishedConfig("vae");

  test("as diffusers writes it is understood", () => {
    const config = readAutoencoderConfig(published, "p");
    expect(config).toMatchObject({ scaling_factor: 0.18215, latent_channels: 4, shift_factor: null });
    expect(pixelsPerLatent(config)).toBe(4);
  });

  test.each<[string, unknown]>([
    ["latents_mean", [0, 0, 0, 0]],
    ["latents_std", [1, 1, 1, 1]],
    ["down_block_types", ["AttnDownEncoderBlock2D"]],
    ["up_block_types", ["AttnUpDecoderBlock2D"]],
  ])("%s %j is refused", (key, value) => {
    expect(() => readAutoencoderConfig({ ...published, [key]: value }, "p")).toThrow(
      invalid(new RegExp(`^p: ${key} is `)),
    );
  });
});

describe("where the pooled embedding is taken", () => {
  const config = (eos_token_id: number) =>
    readClipTextConfig({ ...publishedConfig("text_encoder"), eos_token_id }, "p");

  test.each<[string, number, number[][], number[]]>([
    ["the first end token", 9, [[1, 5, 9, 9]], [2]],
    ["not the largest id", 9, [[1, 99, 9, 0]], [2]],
    ["the first place, where there is none", 9, [[1, 5, 7, 8]], [0]],
    [
      "counted over the whole batch",
      9,
      [
        [1, 9, 9, 9],
        [1, 5, 5, 9],
      ],
      [1, 7],
    ],
    ["by the old rule the largest id", 2, [[1, 2, 9, 4]], [2]],
    [
      "by the old rule the first of equal ones",
      2,
      [
        [1, 9, 9, 9],
        [0, 0, 3, 0],
      ],
      [1, 6],
    ],
  ])("%s", (_, eos, ids, places) => expect(pooledIndices(ids, config(eos))).toEqual(places));
});
