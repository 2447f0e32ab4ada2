// Pictures and records that several tests share.
import type { GenerationRecord } from "../../../daemon/src/codecs/generation-record.ts";
import type { Channels, Image } from "../../../daemon/src/codecs/image.ts";

/** A picture whose every channel differs. */
export function gradient(width: number, height: number, channels: Channels): Image {
  const data = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 7) % 251);
  return { width, height, channels, data };
}

export const sampleRecord: GenerationRecord = {
  format: 1,
  node: "diffusion: 1\nprompt: \"<a> & 'b' 日本 😀 \\u0007\"\nseed: 18446744073709551615\n",
  prompt: "<a> & 'b' ]]> \uFFFE 日本 😀 \u0007",
  negative_prompt: "",
  seeds: [2n ** 64n - 1n, 4n, 2n ** 53n],
  weights: [{ file: "unet/diffusion_pytorch_model.safetensors", sha256: "0f".repeat(32) }],
  versions: { diffusion: "0.1.0", onnxruntime: "1.30.0" },
  provider: "cpu",
  source: { file: "postcards.diffusion", commit: "0123456789abcdef" },
};
