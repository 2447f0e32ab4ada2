// The text of a `.diffusion` file from what a picture carries: our record, A1111's infotext or ComfyUI's graph.
import { Document } from "yaml";
import { DiffusionError } from "../base/errors.ts";
import { parseA1111Parameters } from "./a1111-parameters.ts";
import { readComfyGraph, type ComfySettings } from "./comfy-graph.ts";
import { parseRecord } from "./generation-record.ts";
import { readMetadata } from "./metadata.ts";
import { samplerFromA1111, samplerFromComfy } from "./sampler-names.ts";

/**
 * A `.diffusion` document that makes the picture again, as far as the picture knows.
 * @param bytes a PNG, JPEG or WebP file
 * @throws DiffusionError `picture-invalid` when it carries nothing, `not-available` when a newer program wrote it
 */
export function recoverDocument(bytes: Uint8Array): string {
  const { record, parameters, comfyPrompt, comfyWorkflow } = readMetadata(bytes);
  if (record !== undefined) return parseRecord(record).node;
  const comfy = comfyPrompt === undefined ? undefined : documentFromComfy(comfyPrompt);
  if (comfy !== undefined) return comfy;
  if (parameters !== undefined) return documentFromA1111(parameters);
  if (comfyWorkflow !== undefined)
    throw new DiffusionError(
      "picture-invalid",
      "the picture holds only the editor's form of a ComfyUI graph: export it there in API format and import that",
    );
  throw new DiffusionError(
    "picture-invalid",
    "the picture carries no record of how it was made (Diffusion's, A1111's or ComfyUI's); editors and web sites often remove it",
  );
}

/** A document from A1111's infotext. What has no key of ours stands in comments above it. */
export function documentFromA1111(text: string): string {
  const { prompt, negativePrompt, fields } = parseA1111Parameters(text);
  const number = (name: string): number | undefined => finite(fields.get(name));
  const { sampler, scheduler } = samplerFromA1111(fields.get("Sampler") ?? "", fields.get("Schedule type"));
  const hires = hiresFromA1111(fields);
  const [width, height] =
    /^(\d{1,6})x(\d{1,6})$/
      .exec(fields.get("Size") ?? "")
      ?.slice(1)
      .map(Number) ?? [];
  const clipSkip = number("Clip skip");
  return writeDocument(
    {
      prompt,
      negative_prompt: negativePrompt || undefined,
      steps: number("Steps"),
      sampler,
      scheduler,
      guidance_scale: number("CFG scale"),
      seed: seedIn(fields.get("Seed")),
      width,
      height,
      clip_skip: clipSkip !== undefined && clipSkip > 1 ? clipSkip : undefined,
      hires,
      compat: "a1111",
    },
    [
      modelComment(fields.get("Model"), fields.get("Model hash")),
      unknownComment("sampler", sampler, fields.get("Sampler")),
      unknownComment("schedule", scheduler, fields.get("Schedule type")?.replace(/^Automatic$/, "")),
      !hires && unknownComment("denoising strength", undefined, fields.get("Denoising strength")),
      hires && unknownComment("upscaler", ownUpscaler(fields.get("Hires upscaler")), fields.get("Hires upscaler")),
    ],
  );
}

function hiresFromA1111(fields: ReadonlyMap<string, string>): object | undefined {
  const scale = finite(fields.get("Hires upscale"));
  if (scale === undefined) return undefined;
  return {
    scale,
    steps: finite(fields.get("Hires steps")) || undefined, // 0 means as many as the first pass
    strength: finite(fields.get("Denoising strength")),
    upscaler: ownUpscaler(fields.get("Hires upscaler")),
  };
}

/** The two upscalers that need no model. */
const ownUpscaler = (label = ""): string | undefined =>
  ["latent", "lanczos"].find((name) => name === label.toLowerCase());

/** A document from ComfyUI's graph in API format; undefined when it is no such graph. */
export function documentFromComfy(graph: string): string | undefined {
  const settings = readComfyGraph(graph);
  return settings && writeDocument(keysFromComfy(settings), commentsOnComfy(settings));
}

function keysFromComfy(settings: ComfySettings): Keys {
  const { sampler, scheduler } = samplerFromComfy(settings.sampler ?? "", settings.scheduler);
  const { clipSkip, loras, hires } = settings;
  return {
    prompt: settings.prompt,
    negative_prompt: settings.negativePrompt || undefined,
    steps: settings.steps,
    sampler,
    scheduler,
    guidance_scale: settings.guidanceScale,
    seed: settings.seed,
    width: settings.width,
    height: settings.height,
    clip_skip: clipSkip !== undefined && clipSkip > 1 ? clipSkip : undefined,
    loras: loras.length
      ? loras.map(({ file, weight, textWeight }) => ({
          file,
          weight,
          text_weight: textWeight === weight ? undefined : textWeight,
        }))
      : undefined,
    hires,
    compat: "comfyui",
  };
}

function commentsOnComfy(settings: ComfySettings): Comment[] {
  const { sampler, scheduler } = samplerFromComfy(settings.sampler ?? "", settings.scheduler);
  return [
    modelComment(settings.checkpoint, undefined),
    unknownComment("sampler", sampler, settings.sampler),
    unknownComment("schedule", scheduler, settings.scheduler),
    unknownComment("denoising strength", undefined, settings.strength?.toString()),
  ];
}

type Keys = Readonly<Record<string, unknown>>;
type Comment = string | false | undefined;

/** Only numbers written as such: no hexadecimal, no empty text. */
function finite(text: string | undefined): number | undefined {
  return text !== undefined && /^-?\d{1,15}(\.\d{1,20})?$/.test(text) ? Number(text) : undefined;
}

/** A seed of 64 bits; A1111's -1 was a draw it did not record. */
function seedIn(text: string | undefined): bigint | undefined {
  return text !== undefined && /^\d{1,20}$/.test(text) && BigInt(text) < 2n ** 64n ? BigInt(text) : undefined;
}

const modelComment = (name: string | undefined, hash: string | undefined): Comment =>
  (name ?? hash) && `model: ${[name, hash && `(${hash})`].filter(Boolean).join(" ")}`;

const unknownComment = (what: string, known: string | undefined, text: string | undefined): Comment =>
  known === undefined && text ? `${what}: ${text}` : undefined;

function writeDocument(keys: Keys, comments: readonly Comment[]): string {
  const given = withoutUndefined({ diffusion: 1, ...keys });
  const document = new Document(given, { version: "1.2" });
  const lines = comments.filter((comment) => typeof comment === "string" && comment !== "");
  // Control characters and line breaks of every kind would end a comment.
  const above = lines.map((line) => `# ${String(line).replace(/[\p{Cc}\u2028\u2029]+/gu, " ")}\n`).join("");
  return above + document.toString({ lineWidth: 0 });
}

/** A copy without undefined values at any depth. */
function withoutUndefined(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutUndefined);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, part]) => part !== undefined);
  return Object.fromEntries(entries.map(([key, part]) => [key, withoutUndefined(part)]));
}
