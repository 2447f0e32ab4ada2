// A picture on a GPU provider against diffusers: WebGPU over a Vulkan driver in software.
import { afterAll, describe, test } from "vitest";
import { softwareVulkan, useVulkan } from "../setup/software-vulkan.ts";
import { checkPictures } from "./check-pictures.ts";

const icd = softwareVulkan();

if (icd === undefined) {
  describe("webgpu", () => test.skip("no Vulkan driver in software here: set DIFFUSION_TEST_VULKAN_ICD", () => undefined));
} else {
  afterAll(useVulkan(icd));
  await checkPictures("webgpu", /^sd15_txt2img$/);
}
