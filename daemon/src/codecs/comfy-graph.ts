// ComfyUI's graph in API format → what a text-to-image node of ours needs. Follows links backwards from what was saved.
import { parseExactJson } from "./exact-json.ts";

/** What a graph says, as far as it says it. Names are ComfyUI's. */
export interface ComfySettings {
  readonly prompt: string;
  readonly negativePrompt: string;
  readonly checkpoint?: string | undefined;
  readonly loras: readonly ComfyLora[];
  readonly steps?: number | undefined;
  readonly guidanceScale?: number | undefined;
  readonly sampler?: string | undefined;
  readonly scheduler?: string | undefined;
  readonly seed?: bigint | undefined;
  readonly width?: number | undefined;
  readonly height?: number | undefined;
  /** Layers counted from the end, 1 being the last. */
  readonly clipSkip?: number | undefined;
  /** A second sampler over the first one's enlarged result. */
  readonly hires?:
    { readonly scale: number; readonly steps?: number | undefined; readonly strength?: number | undefined } | undefined;
  /** Below 1 for a picture that began as another. */
  readonly strength?: number | undefined;
}

interface Node {
  readonly id: string;
  readonly type: string;
  readonly inputs: ReadonlyMap<string, unknown>;
}

type Graph = ReadonlyMap<string, Node>;

/** Inputs along which a node hands on what it got; the first present one is followed. */
const CONDITIONING_INPUTS = ["conditioning", "conditioning_to", "conditioning_1", "base_conditioning", "cond"];
const TEXT_INPUTS = ["text", "text_g", "t5xxl", "clip_l", "text_l", "prompt", "string", "value", "text_0", "Text"];
const NUMBER_INPUTS = ["value", "seed", "noise_seed", "int", "Value", "number", "float", "Number"];
const MODEL_INPUTS = ["model", "unet", "MODEL"];
const CHECKPOINT_INPUTS = ["ckpt_name", "unet_name", "model_name", "gguf_name"];
const DEEPEST = 200;

/** The settings of a graph; undefined when the text is no such graph or nothing in it samples. */
export function readComfyGraph(text: string): ComfySettings | undefined {
  const graph = graphIn(text);
  const last = graph && lastSampler(graph);
  if (!last) return undefined;
  const first = firstSampler(graph, last);
  const settings = samplerSettings(graph, first);
  const size = sizeUnder(graph, first);
  return {
    ...settings,
    ...size,
    ...promptsOf(graph, first),
    ...modelOf(graph, first),
    ...(first !== last && { hires: hiresOf(graph, first, last, size) }),
  };
}

function graphIn(text: string): Graph | undefined {
  let json: unknown;
  try {
    json = parseExactJson(text);
  } catch {
    return undefined;
  }
  if (!isObject(json)) return undefined;
  const nodes = Object.entries(json).flatMap(([id, node]) =>
    isObject(node) && typeof node.class_type === "string"
      ? [{ id, type: node.class_type, inputs: new Map(Object.entries(isObject(node.inputs) ? node.inputs : {})) }]
      : [],
  );
  return new Map(nodes.map((node) => [node.id, node]));
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Samplers all have a latent to begin with, and steps or sigmas. */
const isSampler = ({ inputs }: Node): boolean =>
  inputs.has("latent_image") && (inputs.has("steps") || inputs.has("sigmas"));

const isOutput = ({ type }: Node): boolean => /save|preview|output/i.test(type);

function lastSampler(graph: Graph): Node | undefined {
  const nodes = [...graph.values()];
  for (const output of nodes.filter(isOutput)) {
    const sampler = firstBehind(graph, output, isSampler);
    if (sampler) return sampler;
  }
  return nodes.find(isSampler);
}

/** The sampler that began the picture: each works on the latents of the one before. */
function firstSampler(graph: Graph, last: Node): Node {
  const seen = new Set([last.id]);
  for (let sampler = last; ;) {
    const latents = linked(graph, sampler, "latent_image");
    const before = latents && (isSampler(latents) ? latents : firstBehind(graph, latents, isSampler));
    if (!before || seen.has(before.id)) return sampler;
    seen.add(before.id);
    sampler = before;
  }
}

/** The nearest node behind `from` that passes the test, breadth first. */
function firstBehind(graph: Graph, from: Node, test: (node: Node) => boolean): Node | undefined {
  const seen = new Set([from.id]);
  const queue = [from];
  for (const node of queue) {
    if (node !== from && test(node)) return node;
    for (const name of node.inputs.keys()) {
      const next = linked(graph, node, name);
      if (next && !seen.has(next.id)) {
        seen.add(next.id);
        queue.push(next);
      }
    }
  }
  return undefined;
}

/** The node at the other end of an input, which is `[node id, output]`. */
function linked(graph: Graph, node: Node, input: string): Node | undefined {
  const value = node.inputs.get(input);
  return Array.isArray(value) && typeof value[0] === "string" ? graph.get(value[0]) : undefined;
}

function firstLinked(graph: Graph, node: Node, inputs: readonly string[]): Node | undefined {
  return inputs.map((name) => linked(graph, node, name)).find((next) => next !== undefined);
}

/** A number in an input, or in the primitive node it is linked to. */
function numberAt(graph: Graph, node: Node | undefined, input: string, depth = 0): number | bigint | undefined {
  const value = node?.inputs.get(input);
  if (typeof value === "number" || typeof value === "bigint") return value;
  const source = node && depth < DEEPEST ? linked(graph, node, input) : undefined;
  if (!source) return undefined;
  const found = NUMBER_INPUTS.map((name) => numberAt(graph, source, name, depth + 1));
  return found.find((number) => number !== undefined);
}

function smallNumber(graph: Graph, node: Node | undefined, input: string): number | undefined {
  const value = numberAt(graph, node, input);
  return value === undefined ? undefined : Number(value);
}

function textAt(node: Node | undefined, input: string): string | undefined {
  const value = node?.inputs.get(input);
  return typeof value === "string" ? value : undefined;
}

/** KSampler holds all itself; SamplerCustom and its Advanced form spread it over helper nodes. */
function samplerSettings(graph: Graph, sampler: Node): Partial<ComfySettings> {
  const sigmas = linked(graph, sampler, "sigmas");
  const schedule =
    sigmas && (sigmas.inputs.has("steps") ? sigmas : firstBehind(graph, sigmas, (n) => n.inputs.has("steps")));
  const timing = schedule ?? sampler;
  const solver = linked(graph, sampler, "sampler") ?? sampler;
  const guider = linked(graph, sampler, "guider") ?? sampler;
  const noise = linked(graph, sampler, "noise") ?? sampler;
  const seed = numberAt(graph, noise, "seed") ?? numberAt(graph, noise, "noise_seed");
  const strength = smallNumber(graph, timing, "denoise");
  return {
    steps: smallNumber(graph, timing, "steps"),
    scheduler: textAt(timing, "scheduler"),
    sampler: textAt(solver, "sampler_name"),
    guidanceScale: smallNumber(graph, guider, "cfg"),
    seed: seed === undefined || !isWhole(seed) ? undefined : BigInt.asUintN(64, BigInt(seed)),
    strength: strength !== undefined && strength < 1 ? strength : undefined,
  };
}

const isWhole = (value: number | bigint): boolean => typeof value === "bigint" || Number.isInteger(value);

interface Size {
  readonly width?: number | undefined;
  readonly height?: number | undefined;
}

function sizeUnder(graph: Graph, sampler: Node): Size {
  const latents = linked(graph, sampler, "latent_image");
  const sized = (node: Node): boolean => node.inputs.has("width") && node.inputs.has("height");
  const source = latents && (sized(latents) ? latents : firstBehind(graph, latents, sized));
  return { width: smallNumber(graph, source, "width"), height: smallNumber(graph, source, "height") };
}

function promptsOf(graph: Graph, sampler: Node): Pick<ComfySettings, "prompt" | "negativePrompt"> {
  const guider = linked(graph, sampler, "guider") ?? sampler;
  const side = (name: string): string => {
    const start = linked(graph, guider, name);
    return start ? promptBehind(graph, start, name, 0) : "";
  };
  // A guider without guidance has one conditioning only.
  return { prompt: side("positive") || side("conditioning"), negativePrompt: side("negative") };
}

/** The words behind a conditioning. `side` tells which way to go through nodes that carry both. */
function promptBehind(graph: Graph, node: Node, side: string, depth: number): string {
  if (depth > DEEPEST || node.type === "ConditioningZeroOut") return "";
  const through = (input: string): string => {
    const next = linked(graph, node, input);
    return next ? promptBehind(graph, next, side, depth + 1) : "";
  };
  if (node.type === "ConditioningCombine")
    return joinWords(" AND ", through("conditioning_1"), through("conditioning_2"));
  if (node.type === "ConditioningConcat")
    return joinWords(" BREAK ", through("conditioning_to"), through("conditioning_from"));
  const next = firstLinked(graph, node, [side, ...CONDITIONING_INPUTS]);
  if (next) return promptBehind(graph, next, side, depth + 1);
  return wordsOf(graph, node, depth) ?? "";
}

const joinWords = (glue: string, ...parts: readonly string[]): string => parts.filter((part) => part !== "").join(glue);

/** The text of an encoder, or of the text node its input is linked to. */
function wordsOf(graph: Graph, node: Node, depth: number): string | undefined {
  for (const input of TEXT_INPUTS) {
    const text = textAt(node, input);
    if (text !== undefined) return text;
    const next = depth < DEEPEST ? linked(graph, node, input) : undefined;
    const words = next && wordsOf(graph, next, depth + 1);
    if (words !== undefined) return words;
  }
  return undefined;
}

/** A LoRA by the name of its file. */
export interface ComfyLora {
  readonly file: string;
  readonly weight: number;
  readonly textWeight: number;
}

/** Goes up the model's chain to the loader, collecting what is put on it. */
function modelOf(graph: Graph, sampler: Node): Pick<ComfySettings, "checkpoint" | "loras" | "clipSkip"> {
  const start = firstLinked(graph, linked(graph, sampler, "guider") ?? sampler, MODEL_INPUTS);
  const loras: ComfyLora[] = [];
  let checkpoint: string | undefined;
  const seen = new Set<string>();
  for (let node = start; node && !seen.has(node.id); node = firstLinked(graph, node, MODEL_INPUTS)) {
    seen.add(node.id);
    const file = textAt(node, "lora_name");
    const weight = smallNumber(graph, node, "strength_model") ?? 1;
    if (file !== undefined)
      loras.unshift({ file, weight, textWeight: smallNumber(graph, node, "strength_clip") ?? weight });
    checkpoint = CHECKPOINT_INPUTS.map((name) => textAt(node, name)).find((name) => name !== undefined);
    if (checkpoint !== undefined) break;
  }
  return { checkpoint, loras, clipSkip: clipSkipOf(graph, sampler) };
}

/** CLIPSetLastLayer counts from the end: -2 leaves one layer out. */
function clipSkipOf(graph: Graph, sampler: Node): number | undefined {
  const guider = linked(graph, sampler, "guider") ?? sampler;
  const positive = firstLinked(graph, guider, ["positive", "conditioning"]);
  const cut = (node: Node): boolean => node.inputs.has("stop_at_clip_layer");
  const layer = smallNumber(graph, positive && firstBehind(graph, positive, cut), "stop_at_clip_layer");
  return layer === undefined || layer >= 0 ? undefined : -layer;
}

function hiresOf(graph: Graph, first: Node, last: Node, size: Size): ComfySettings["hires"] {
  const { steps, strength } = samplerSettings(graph, last);
  const latents = linked(graph, last, "latent_image");
  const grows = (node: Node): boolean => node.inputs.has("scale_by") || node.inputs.has("width");
  const upscaler = latents && (grows(latents) ? latents : firstBehind(graph, latents, grows));
  const by = smallNumber(graph, upscaler, "scale_by");
  const width = smallNumber(graph, upscaler, "width");
  const scale = by ?? (width && size.width ? width / size.width : 1);
  return scale > 1 && first !== last ? { scale, steps, strength } : undefined;
}
