// Completion: keys not yet there, words of a key, models, paths, `$node`, `${variable}`.
import {
  defaultTask,
  headKeys,
  isTask,
  keysOf,
  type ModelReference,
  requiredKeysOf,
  type Task,
  tasks,
} from "../../../../schemas/document/index.ts";
import { findPair, keyText, type ValueAst } from "../ast.ts";
import type { ParseResult } from "../parse.ts";
import { alternatives, branchOf, keyShape, type Shape, takesAnything, textBranch } from "../shape.ts";
import type { Range } from "../source.ts";
import { canRun, describeKey, describeWord, examplesOf, summary } from "./describe.ts";
import { type Cursor, cursorAt, type WrittenKeys } from "./cursor.ts";
import { modelReferenceOf } from "./effective.ts";
import { type Facts, knownModel } from "./facts.ts";
import { innerShape, taskShape } from "./items.ts";
import { isPrompt } from "./prompts.ts";

/** What kind of thing is proposed. */
export type ProposalKind = "key" | "word" | "value" | "model" | "node" | "variable" | "file" | "folder";

/** Enough to find the description later: a key, or one of its words. */
export interface ProposalData {
  /** Absent for keys at the top of a file. */
  readonly task?: Task;
  readonly path: readonly string[];
  readonly word?: string;
}

/** One proposal. */
export interface Proposal {
  readonly label: string;
  readonly kind: ProposalKind;
  readonly range: Range;
  /** With `${1}` for places to fill in when `isSnippet`; its lines are indented as the line it is put in. */
  readonly newText: string;
  readonly isSnippet?: boolean;
  readonly detail?: string;
  readonly data?: ProposalData;
  /** Proposals are shown in this order. */
  readonly order: number;
  /** Something can be proposed right behind it. */
  readonly continues?: boolean;
}

/**
 * Proposes what may stand at an offset of the text.
 * @param document the last reading of the text, or of an earlier state of it: names of nodes and variables come from it
 */
export function provideCompletion(document: ParseResult, text: string, offset: number, facts: Facts): Proposal[] {
  const cursor = cursorAt(text, offset);
  if (!cursor) return [];
  const variables = variableProposals(document, text, offset);
  if (variables) return variables;
  const wildcards = isPrompt(placeNames(cursor).slice(-1)) ? wildcardProposals(text, offset, facts) : undefined;
  if (wildcards) return wildcards;
  const place = placeOf(document, cursor);
  if (!place) return [];
  const shape = place.shape;
  if (cursor.kind === "key" && (!shape || branchOf(shape, "object"))) return keyProposals(place, cursor);
  if (!shape || (cursor.hasColon && cursor.kind === "key")) return [];
  return valueProposals({ document, text, offset, facts, cursor, place, shape });
}

/** The description of a proposal. */
export function resolveProposal({ task, path, word }: ProposalData): string | undefined {
  const root: Shape = task === undefined ? { properties: headKeys, type: "object" } : taskShape(task);
  const shape = path.reduce<Shape | undefined>((outer, part) => outer && innerShape(outer, part), root);
  if (!shape) return undefined;
  return word === undefined ? describeKey(path, task) : describeWord(shape, word);
}

/** What the schema says of the place of a cursor. */
interface Place {
  /** Where keys of a node are: its task. */
  readonly task?: Task;
  /** From the node on, or from the top of the file. */
  readonly path: readonly string[];
  /** The schema of the innermost map, list or value. */
  readonly shape: Shape | undefined;
  /** The name of the node, in a workflow. */
  readonly node?: string;
  /** In `defaults`: the task that a key belongs to. */
  readonly owner?: (key: string) => Task;
  /** Keys at the top of a file may stand here. */
  readonly isTop: boolean;
}

function placeNames({ levels }: Cursor): string[] {
  return levels.map(({ name }) => (name === "-" ? "0" : name));
}

function placeOf(document: ParseResult, cursor: Cursor): Place | undefined {
  const names = placeNames(cursor);
  const [first, second] = names;
  const top = cursor.levels[0]?.siblings() ?? cursor.siblings();
  if (first === undefined) return topPlace(top, document);
  if (first === "workflow") {
    if (second === undefined) return undefined;
    const keys = names.length === 2 ? cursor.siblings() : cursor.levels[2]!.siblings();
    return nodePlace(taskIn(keys, document), names.slice(2), second);
  }
  if (first === "defaults") return defaultsPlace(names.slice(1), document);
  if (Object.hasOwn(headKeys, first)) {
    const shape = names.slice(1).reduce<Shape | undefined>((s, n) => s && innerShape(s, n), keyShape(headKeys, first));
    return { path: names, shape, isTop: false };
  }
  return nodePlace(taskIn(top, document), names);
}

function topPlace(keys: WrittenKeys, document: ParseResult): Place {
  if (keys.has("workflow")) return { path: [], shape: undefined, isTop: true };
  return { ...nodePlace(taskIn(keys, document), []), isTop: true };
}

function nodePlace(task: Task, path: readonly string[], node?: string): Place {
  const shape = path.reduce<Shape | undefined>((outer, part) => outer && innerShape(outer, part), taskShape(task));
  return { task, path, shape, isTop: false, ...(node === undefined ? {} : { node }) };
}

/** The first task of the file that knows the key; its keys are those of all tasks of the file. */
function defaultsPlace(path: readonly string[], document: ParseResult): Place {
  const present = new Set(document.nodes.flatMap(({ task }) => task ?? []));
  const known = present.size > 0 ? [...present] : tasks;
  const owner = (key: string) => [...known, ...tasks].find((task) => Object.hasOwn(keysOf(task), key)) ?? defaultTask;
  const [key] = path;
  if (key !== undefined) return nodePlace(owner(key), path);
  const all = known.toReversed().map((task) => taskShape(task).properties);
  const properties = Object.assign({}, ...all) as Record<string, Shape>;
  return { path: [], shape: { type: "object", properties }, isTop: false, owner };
}

function taskIn(keys: WrittenKeys, document: ParseResult): Task {
  const written = keys.get("task")?.replace(/["']/g, "");
  if (isTask(written)) return written;
  const root = document.root?.kind === "map" ? document.root : undefined;
  const defaults = root && findPair(root, "defaults")?.value;
  const inherited = defaults?.kind === "map" ? findPair(defaults, "task")?.value : undefined;
  return inherited?.kind === "scalar" && isTask(inherited.value) ? inherited.value : defaultTask;
}

// ---- keys

function keyProposals(place: Place, cursor: Cursor): Proposal[] {
  const { path, shape, isTop, owner } = place;
  const present = cursor.siblings();
  const own = Object.entries((shape && branchOf(shape, "object"))?.properties ?? {});
  const required = place.task !== undefined && path.length === 0 ? requiredKeysOf(place.task) : (shape?.required ?? []);
  const head = isTop ? Object.entries(headKeys as Record<string, Shape>) : [];
  const usable = (key: string) => !excluded(key, present);
  const heads = head
    .filter(([key]) => usable(key) && (key !== "workflow" || own.every(([name]) => !present.has(name))))
    .map(([key, inner]) => keyProposal(key, inner, [key], cursor, key === "diffusion" ? 0 : 500));
  const keys = own
    .filter(([key]) => usable(key))
    .map(([key, inner], i) => {
      const task = owner?.(key) ?? place.task;
      const runs = task === undefined || canRun(task, [...path, key]);
      const order = (required.includes(key) ? 1 : 100) + i + (runs ? 0 : 1000);
      return keyProposal(key, inner, [...path, key], cursor, order, task);
    });
  return [...heads, ...keys];
}

/** Keys that are there already, or whose meaning is. */
function excluded(key: string, present: WrittenKeys): boolean {
  if (present.has(key)) return true;
  if (key === "size") return present.has("width") || present.has("height");
  return (key === "width" || key === "height") && present.has("size");
}

function keyProposal(
  key: string,
  shape: Shape,
  path: readonly string[],
  cursor: Cursor,
  order: number,
  task?: Task,
): Proposal {
  const base = { label: key, kind: "key" as const, range: cursor.written, order };
  const data = { path, ...(task === undefined ? {} : { task }) };
  const detail = summary(shape);
  if (cursor.hasColon) return { ...base, newText: key, detail, data };
  const { newText, isSnippet } = keySnippet(key, shape, cursor.inFlow);
  return { ...base, newText, isSnippet, detail, data, continues: suggestsValues(shape) };
}

/** A key ready to be given a value. */
function keySnippet(key: string, shape: Shape, inFlow: boolean): { newText: string; isSnippet: boolean } {
  const list = branchOf(shape, "array");
  const only = alternatives(shape).length === 1;
  if (key === "diffusion") return { newText: "diffusion: 1", isSnippet: false };
  if (list?.items && branchOf(list.items, "object") && only)
    return { newText: inFlow ? `${key}: [{\${1}}]` : `${key}:\n  - \${1}`, isSnippet: true };
  if (list && only) return { newText: `${key}: [\${1}]`, isSnippet: true };
  if (branchOf(shape, "object") && only)
    return { newText: inFlow ? `${key}: {\${1}}` : `${key}:\n  \${1}`, isSnippet: true };
  return { newText: `${key}: `, isSnippet: false };
}

function suggestsValues(shape: Shape): boolean {
  return alternatives(shape).some(
    ({ const: word, type, format }) =>
      word !== undefined || type === "boolean" || type === "object" || format !== undefined,
  );
}

// ---- values

interface ValuePlace {
  readonly document: ParseResult;
  readonly text: string;
  readonly offset: number;
  readonly facts: Facts;
  readonly cursor: Cursor;
  readonly place: Place;
  readonly shape: Shape;
}

function valueProposals(at: ValuePlace): Proposal[] {
  const { shape } = at;
  const items = alternatives(shape).length > 1 || shape.type === "array" ? branchOf(shape, "array")?.items : undefined;
  const inner = items && at.cursor.kind === "key" ? items : shape;
  const here = { ...at, shape: inner };
  if (takesAnything(inner)) return [];
  return [...wordProposals(here), ...numberProposals(here), ...referenceProposals(here), ...pathProposals(here)];
}

function wordProposals({ shape, cursor, place, text, facts, document }: ValuePlace): Proposal[] {
  const model =
    place.node === undefined && place.task === undefined ? undefined : knownModel(facts, modelOf(document, place));
  const words = alternatives(shape).flatMap((branch, i): Proposal[] => {
    if (branch.type === "boolean") return [true, false].map((flag) => valueProposal(String(flag), cursor, i));
    if (typeof branch.const === "number") return [valueProposal(String(branch.const), cursor, i)];
    if (typeof branch.const !== "string") return [];
    const word = branch.const;
    const fits = place.path.at(-1) !== "sampler" || (model?.samplers?.includes(word) ?? true);
    if (!fits) return [];
    const data = { path: place.path, word, ...(place.task === undefined ? {} : { task: place.task }) };
    return [
      {
        ...valueProposal(word, cursor, word === shape.default ? 0 : i + 1),
        kind: "word",
        detail: branch.description ?? "",
        data,
      },
    ];
  });
  return words.map((proposal) => inQuotes(proposal, text, cursor));
}

/** Keeps a quote that stands before what is written. */
function inQuotes(proposal: Proposal, text: string, cursor: Cursor): Proposal {
  const quote = text[cursor.start];
  if (quote !== '"' && quote !== "'") return proposal;
  return { ...proposal, range: { start: cursor.start + 1, end: Math.max(proposal.range.end, cursor.start + 1) } };
}

function valueProposal(value: string, { written }: Cursor, order: number): Proposal {
  return { label: value, kind: "value", range: written, newText: value, order };
}

/** The model of the node that the place is in. */
function modelOf(document: ParseResult, { node }: Place): ModelReference | undefined {
  const found = node === undefined ? document.nodes[0] : document.nodes.find(({ name }) => name === node);
  return modelReferenceOf(found);
}

function numberProposals({ shape, cursor, place, facts, document }: ValuePlace): Proposal[] {
  const model = knownModel(facts, modelOf(document, place));
  const key = place.path.at(-1) ?? "";
  const isSize = ["width", "height", "size"].includes(key) && place.path.length === 1;
  const advised: Readonly<Record<string, number | undefined>> = {
    steps: model?.steps,
    guidance_scale: model?.guidanceScale,
    width: model?.nativeSize,
    height: model?.nativeSize,
  };
  const sides = isSize && key === "size" && model?.nativeSize ? [`${model.nativeSize}x${model.nativeSize}`] : [];
  const number = branchOf(shape, "integer", "number") ?? textBranch(shape)?.pattern;
  if (number === undefined) return [];
  const values = [advised[key], ...sides, shape.default, ...(model && isSize ? [] : examplesOf(shape))];
  const written = new Set(values.filter((v) => typeof v === "number" || typeof v === "string").map(String));
  for (const word of alternatives(shape)) written.delete(String(word.const));
  return [...written].map((value, i) => ({
    ...valueProposal(value, cursor, 10 + i),
    ...(i === 0 && (advised[key] !== undefined || sides.length > 0) ? { detail: "what the model is made for" } : {}),
  }));
}

/** `$node`, where text names something outside the file. */
function referenceProposals({ document, shape, cursor, place, text, offset }: ValuePlace): Proposal[] {
  if (place.node === undefined || textBranch(shape)?.format === undefined || shape.format === "model") return [];
  const start = text[cursor.start] === '"' || text[cursor.start] === "'" ? cursor.start + 1 : cursor.start;
  const range = { start: Math.min(start, offset), end: Math.max(cursor.written.end, offset) };
  return document.nodes
    .filter(({ name }) => name !== place.node)
    .map(({ name, task }) => ({
      label: `$${name}`,
      kind: "node",
      range,
      newText: `$${name}`,
      detail: task === undefined ? "" : `task: ${task}`,
      order: 20,
    }));
}

/** Models by name, and the files and folders beside the document. */
function pathProposals({ shape, cursor, facts, text, offset }: ValuePlace): Proposal[] {
  const format = textBranch(shape)?.format;
  if (format === undefined) return [];
  const quoted = text[cursor.start] === '"' || text[cursor.start] === "'";
  const start = Math.min(cursor.start + (quoted ? 1 : 0), offset);
  const range = { start, end: Math.max(cursor.written.end, offset) };
  const typed = text.slice(start, offset);
  const models = format === "model" ? (facts.models ?? []) : [];
  const named = models.map(({ reference, detail }, i): Proposal => {
    return {
      label: reference,
      kind: "model",
      range,
      newText: reference,
      order: 10 + i,
      ...(detail === undefined ? {} : { detail }),
    };
  });
  return [...named, ...fileProposals(format, typed, range, facts)];
}

const endings: Readonly<Record<string, RegExp>> = {
  picture: /\.(png|jpe?g|webp|gif|avif|tiff?|bmp)$/i,
  video: /\.(mp4|webm|mov|mkv|gif|webp)$/i,
  sound: /\.(wav|flac|mp3|ogg|m4a)$/i,
  tensors: /\.safetensors$/i,
  model: /\.(safetensors|gguf|onnx)$/i,
  folder: /^$/,
  graph: /\.json$/i,
};

function fileProposals(format: string, typed: string, range: Range, facts: Facts): Proposal[] {
  if (/^(hf:|\$)/.test(typed)) return [];
  const folder = typed.slice(0, typed.lastIndexOf("/") + 1);
  const entries = facts.files?.(folder === "" ? "./" : folder) ?? [];
  const lead = folder === "" ? "./" : folder;
  const fits = endings[format] ?? /./;
  return entries
    .filter(({ name, isFolder }) => !name.startsWith(".") && (isFolder || fits.test(name)))
    .map(({ name, isFolder }, i) => {
      const path = `${lead}${name}${isFolder && format !== "model" && format !== "folder" ? "/" : ""}`;
      return {
        label: path,
        kind: isFolder ? "folder" : "file",
        range,
        newText: path,
        order: 100 + i,
        continues: isFolder,
      };
    });
}

// ---- variables

/** `${` before the cursor: the variables of the file. */
function variableProposals(document: ParseResult, text: string, offset: number): Proposal[] | undefined {
  const before = text.slice(Math.max(0, offset - 100), offset);
  const match = /\$\{\s*([\w-]*)$/.exec(before);
  if (!match) return undefined;
  const after = /^[\w-]*[ \t]*\}?/.exec(text.slice(offset, offset + 100))![0];
  const range = { start: offset - match[1]!.length, end: offset + after.length };
  const vars = document.root?.kind === "map" ? findPair(document.root, "vars")?.value : undefined;
  if (vars?.kind !== "map") return [];
  return vars.pairs.map((pair, i) => {
    const name = keyText(pair);
    return { label: name, kind: "variable", range, newText: `${name}}`, detail: shortText(pair.value), order: i };
  });
}

/** `__` before the cursor: the files of the folder `wildcards`. */
function wildcardProposals(text: string, offset: number, facts: Facts): Proposal[] | undefined {
  const match = /(?:^|[^\w])__([\w./-]*)$/.exec(text.slice(Math.max(0, offset - 100), offset));
  if (!match) return undefined;
  const typed = match[1]!;
  const after = /^[\w./-]*/.exec(text.slice(offset, offset + 100))![0];
  const range = { start: offset - typed.length, end: offset + after.length };
  const folder = typed.slice(0, typed.lastIndexOf("/") + 1);
  const entries = facts.files?.(`./wildcards/${folder}`) ?? [];
  return entries
    .filter(({ name, isFolder }) => isFolder || name.endsWith(".txt"))
    .map(({ name, isFolder }, i) => {
      const label = folder + (isFolder ? `${name}/` : name.slice(0, -4));
      return { label, kind: isFolder ? "folder" : "file", range, newText: isFolder ? label : `${label}__`, order: i };
    });
}

function shortText(value: ValueAst): string {
  if (value.kind === "list") return `[${value.items.map(shortText).join(", ")}]`.slice(0, 80);
  return value.kind === "scalar" ? value.source.slice(0, 80) : "";
}
