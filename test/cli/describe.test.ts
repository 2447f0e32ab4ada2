// What the command tells of models, weights files and the machine.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { diffusion, eventsOf, folderWith, modelCopy, root, vignette } from "./command.ts";

const info = async (operand: string, cwd = root) => {
  const ended = await diffusion(["models", "info", operand, "--json"], cwd);
  expect(ended).toMatchObject({ status: 0, stderr: "" });
  return eventsOf(ended)[0]!;
};

describe("models info", () => {
  test("of the bundled model", async () => {
    const found = await info("vignette");
    expect(found).toMatchObject({
      path: vignette,
      family: "Stable Diffusion",
      variant: "1",
      license: "MIT",
      nativeSize: 128,
      tasks: ["text to image", "image to image", "inpainting"],
      parts: [{ name: "text encoder" }, { name: "unet" }, { name: "autoencoder" }],
    });
    const parts = found.parts as { parameters: number; dtypes: Record<string, number>; bytes: number }[];
    for (const { parameters, dtypes, bytes } of parts) {
      expect(dtypes).toEqual({ f16: parameters });
      expect(bytes).toBeGreaterThan(2 * parameters);
    }
    expect(found.parameters).toBe(parts.reduce((sum, part) => sum + part.parameters, 0));
    const { stdout } = await diffusion(["models", "info", "vignette"], root);
    expect(stdout).toMatch(/^Stable Diffusion 1\n/);
    expect(stdout).toMatch(/\n {2}unet +4\.74 M +f16 +9\.50 MB\n/);
  });

  test.each([
    {
      name: "a model card",
      card: "---\nlicense: creativeml-openrail-m\ntags: [a]\n---\n# Hi\n",
      license: "creativeml-openrail-m",
    },
    {
      name: "a card with a named licence",
      card: "---\nlicense: other\nlicense_name: my-own\n---\n",
      license: "my-own",
    },
    { name: "a card without", card: "# license: MIT\n", license: "unknown" },
    { name: "a broken card", card: "---\nlicense: [\n---\n", license: "unknown" },
  ])("takes the licence from $name", async ({ card, license }) => {
    const folder = folderWith({
      model: modelCopy((model) => {
        writeFileSync(join(model, "README.md"), card);
        writeFileSync(join(model, "diffusion.json"), "{}");
      }),
    });
    expect(await info("./model", folder)).toMatchObject({ license });
  });

  /** A safetensors file of empty tensors with these names. */
  const weights =
    (names: readonly string[], metadata: Record<string, string> = {}) =>
    (path: string) => {
      const tensors = Object.fromEntries(
        names.map((name) => [name, { dtype: "F16", shape: [0], data_offsets: [0, 0] }]),
      );
      const header = Buffer.from(JSON.stringify({ __metadata__: metadata, ...tensors }));
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(header.length));
      writeFileSync(path, Buffer.concat([length, header]));
    };

  test.each([
    { content: "LoRA (kohya)", keys: ["lora_unet_down_blocks_0_attentions_0_proj_in.lora_down.weight"] },
    { content: "LoRA (PEFT)", keys: ["unet.down_blocks.0.attentions.0.to_q.lora_A.weight"] },
    { content: "LoRA (PEFT)", keys: ["base_model.model.to_q.lora_A.default.weight"] },
    { content: "LoRA (diffusers, before PEFT)", keys: ["unet.mid_block.to_q_lora.down.weight"] },
    {
      content: "Stable Diffusion 1 checkpoint (single file)",
      keys: [
        "model.diffusion_model.input_blocks.0.0.weight",
        "cond_stage_model.transformer.text_model.embeddings.x",
        "first_stage_model.x",
      ],
    },
    {
      content: "Stable Diffusion XL checkpoint (single file)",
      keys: ["model.diffusion_model.input_blocks.0.0.weight", "conditioner.embedders.1.model.ln_final.weight"],
    },
    {
      content: "ControlNet",
      keys: ["controlnet_cond_embedding.conv_in.weight", "down_blocks.0.x", "time_embedding.linear_1.weight"],
    },
    { content: "IP-Adapter", keys: ["image_proj.proj.weight", "ip_adapter.1.to_k_ip.weight"] },
    { content: "textual inversion", keys: ["emb_params"] },
    { content: "tensors of no layout known here", keys: ["a", "b"] },
  ])("guesses: $content", async ({ content, keys }) => {
    const folder = folderWith({ "x.safetensors": weights(keys, { ss_network_dim: "16", evil: "\u001b[2J\nx" }) });
    expect(await info("x.safetensors", folder)).toMatchObject({
      content,
      tensors: keys.length,
      metadata: { ss_network_dim: "16" },
    });
    const { stdout } = await diffusion(["models", "info", "x.safetensors"], folder);
    expect(stdout).toContain("ss_network_dim: 16\n");
    expect(stdout).not.toContain("\u001b");
  });

  test.each([
    { part: "unet/diffusion_pytorch_model.safetensors", content: "UNet (diffusers)" },
    { part: "vae/diffusion_pytorch_model.safetensors", content: "autoencoder (diffusers)" },
    { part: "text_encoder/model.safetensors", content: "CLIP text encoder" },
  ])("of $part", async ({ part, content }) => {
    expect(await info(join(vignette, part))).toMatchObject({ content, metadata: { format: "pt" } });
  });
});

test("doctor tells what works and why not the rest", async () => {
  const ended = await diffusion(["doctor", "--json"], root);
  expect(ended).toMatchObject({ status: 0, stderr: "" });
  const [found] = eventsOf(ended);
  const devices = found!.devices as {
    target: string;
    works: boolean;
    reason?: string;
    operators?: { passed: boolean }[];
  }[];
  expect(devices.find(({ target }) => target === "cpu")).toMatchObject({ works: true });
  for (const { works, reason, operators } of devices) {
    expect(works || reason).toBeTruthy();
    if (works) expect(operators!.length).toBeGreaterThan(10);
  }
  const { stdout } = await diffusion(["doctor"], root);
  for (const part of ["onnxruntime", "memory", "cpu ", "device: auto means"]) expect(stdout).toContain(part);
});
