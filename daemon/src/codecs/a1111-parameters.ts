// A1111's infotext, the line under its pictures: writing it and reading it back.
// Grammar from AUTOMATIC1111/stable-diffusion-webui modules/processing.py (create_infotext) and modules/infotext_utils.py.
import { a1111Sampler, a1111Schedule } from "./sampler-names.ts";

/** What a picture was made with, in our words. */
export interface GenerationSettings {
  readonly prompt: string;
  readonly negativePrompt?: string;
  readonly steps: number;
  readonly sampler: string;
  readonly scheduler: string;
  readonly guidanceScale: number;
  readonly seed: bigint;
  readonly width: number;
  readonly height: number;
  readonly model: string;
  /** sha256 of the weights; A1111 shows its first ten digits. */
  readonly modelHash?: string;
  /** Image to image. */
  readonly strength?: number;
  /** As A1111 counts: 1 uses every layer of the text encoder and is not written. */
  readonly clipSkip?: number;
  readonly hires?: HiresSettings;
  /** Further entries, in order. */
  readonly extra?: Readonly<Record<string, string | number>>;
  /** The program's name and version. */
  readonly version: string;
}

export interface HiresSettings {
  readonly scale: number;
  readonly steps: number;
  readonly strength: number;
  readonly upscaler: string;
}

/** The infotext. Samplers and schedules that A1111 lacks keep our name. */
export function a1111Parameters(settings: GenerationSettings): string {
  const { hires, clipSkip = 1 } = settings;
  const entries: [name: string, value: string | number | bigint | undefined][] = [
    ["Steps", settings.steps],
    ["Sampler", a1111Sampler(settings.sampler) ?? settings.sampler],
    ["Schedule type", a1111Schedule(settings.scheduler) ?? settings.scheduler],
    ["CFG scale", settings.guidanceScale],
    ["Seed", settings.seed],
    ["Size", `${settings.width}x${settings.height}`],
    ["Model hash", settings.modelHash?.slice(0, 10)],
    ["Model", settings.model],
    ["Denoising strength", hires?.strength ?? settings.strength],
    ["Clip skip", clipSkip > 1 ? clipSkip : undefined],
    ["Hires upscale", hires?.scale],
    ["Hires steps", hires?.steps],
    ["Hires upscaler", hires?.upscaler],
    ...Object.entries(settings.extra ?? {}),
    ["Version", settings.version],
  ];
  const line = entries
    .flatMap(([name, value]) => (value === undefined ? [] : `${name}: ${quote(String(value))}`))
    .join(", ");
  const negative = settings.negativePrompt ? `\nNegative prompt: ${settings.negativePrompt}` : "";
  return `${settings.prompt}${negative}\n${line}`.trim();
}

/** Values with a comma, colon or line break are written as JSON strings. */
const quote = (value: string): string => (/[,:\n]/.test(value) ? JSON.stringify(value) : value);

export interface A1111Parameters {
  readonly prompt: string;
  readonly negativePrompt: string;
  /** The entries of the last line, unquoted, in order. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Name, colon, a quoted string or anything without comma. Both are bounded: the search stays linear and shallow in hostile text. */
const ENTRY = /([\p{L}\p{N}_][\p{L}\p{N}_ \-/]{1,100}):\s*("(?:\\.|[^\\"]){1,100000}"|[^,]*)(?:,|$)/gu;
/** A last line with fewer entries belongs to the prompt. */
const FEWEST_ENTRIES = 3;
const NEGATIVE = "Negative prompt:";

/** Reads an infotext; any text is one, at worst all prompt. Lines are trimmed, as A1111 does. */
export function parseA1111Parameters(text: string): A1111Parameters {
  const lines = text.trim().split("\n");
  const last = [...lines.at(-1)!.matchAll(ENTRY)];
  const fields = last.length < FEWEST_ENTRIES ? [] : last.map(([, name, value]) => [name!, unquote(value!)] as const);
  const words = (fields.length ? lines.slice(0, -1) : lines).map((line) => line.trim());
  const found = words.findIndex((line) => line.startsWith(NEGATIVE));
  const split = found < 0 ? words.length : found;
  const negative = words
    .slice(split)
    .map((line) => (line.startsWith(NEGATIVE) ? line.slice(NEGATIVE.length).trim() : line));
  return { prompt: joined(words.slice(0, split)), negativePrompt: joined(negative), fields: new Map(fields) };
}

/** Empty lines at the start vanish. */
const joined = (lines: readonly string[]): string => lines.join("\n").replace(/^\n+/, "");

function unquote(value: string): string {
  if (!value.startsWith('"') || !value.endsWith('"')) return value.trimEnd();
  try {
    return String(JSON.parse(value));
  } catch {
    return value;
  }
}
