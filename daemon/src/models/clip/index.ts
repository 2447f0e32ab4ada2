// CLIP text encoders: shared by the families that read prompts with them.
export { type ClipTextConfig, pooledIndices, readClipTextConfig } from "./config.ts";
export { clipTextModel } from "./text-model.ts";
