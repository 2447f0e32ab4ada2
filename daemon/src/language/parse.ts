// Text to document: reads the YAML, checks every key, lays `defaults`, nodes and `--set` over each other. Never throws.
import type { Task } from "../../../schemas/document/index.ts";
import { type Argument, argumentValue, parseArguments } from "./arguments.ts";
import { findPair, type MapAst, type ValueAst } from "./ast.ts";
import { readDefaults } from "./defaults.ts";
import { collector, type Diagnostic, hasErrors, type Report, sorted } from "./diagnostics.ts";
import type { DiffusionDocument, DocumentNode, Variable } from "./document.ts";
import { checkEntries, type Entries, layOver, meantKeys } from "./entries.ts";
import { checkVersion, type Head, readHead, reportMissingVersion } from "./head.ts";
import { layArguments } from "./lay-arguments.ts";
import { findNodes, type FoundNode, taskOf } from "./nodes.ts";
import { orderNodes, type Reference } from "./references.ts";
import { checkRequired, checkRules } from "./rules.ts";
import { type LineStarts, lineStarts, positionAt } from "./source.ts";
import { checkReferences } from "./check-references.ts";
import { plainValue } from "./validate.ts";
import { type Expansion, expandMap, readVariables } from "./variables.ts";
import { readYaml } from "./yaml.ts";

/** A node with its keys checked; there also when the file has errors. */
export interface ParsedNode extends FoundNode {
  /** Nothing when `task` names none. */
  readonly task: Task | undefined;
  /** All layers merged: `defaults`, the node, `--set`. */
  readonly entries: Entries;
  readonly references: readonly Reference[];
}

/** What a text says, and what is wrong with it. */
export interface ParseResult {
  readonly text: string;
  readonly lines: LineStarts;
  /** The tree, as far as the text can be read. */
  readonly root?: ValueAst;
  /** In the order of the file. */
  readonly nodes: readonly ParsedNode[];
  /** In the order of the text. */
  readonly diagnostics: readonly Diagnostic[];
  /** There when nothing is an error. */
  readonly document?: DiffusionDocument;
  /** What is valid but cannot run in this version, found while reading; `resolve` finds the rest. */
  readonly unavailable: readonly Diagnostic[];
}

/** Reads a text. */
export function parse(text: string): ParseResult {
  return applySet(text, []);
}

/**
 * Reads a text with the `--set` of a command line laid over it: `seed=7`, `prompt=a b`, `final.steps=10`,
 * `vars.place=a lake`. Problems in one carry it as their `place`.
 */
export function applySet(text: string, sets: readonly string[]): ParseResult {
  const { diagnostics, report } = collector();
  const unavailable = collector();
  const root = readYaml(text, report);
  const read = root && readRoot(root, sets, { text, report, unavailable: unavailable.report });
  if (!root && diagnostics.length === 0) reportMissingVersion(text, { start: 0, end: 0 }, report);
  const lines = lineStarts(text);
  const all = sorted(withoutEchoes(diagnostics, lines));
  const document = read && !hasErrors(all) ? toDocument(read) : undefined;
  return {
    text,
    lines,
    ...(root ? { root } : {}),
    nodes: read?.nodes ?? [],
    diagnostics: all,
    ...(document ? { document } : {}),
    unavailable: unavailable.diagnostics,
  };
}

/**
 * Leaves out what follows from errors in the syntax: other problems in the same line, and whatever is missing, since it
 * may stand in the part that cannot be read.
 */
function withoutEchoes(diagnostics: readonly Diagnostic[], lines: LineStarts): readonly Diagnostic[] {
  const lineOf = ({ range }: Diagnostic) => positionAt(lines, range.start).line;
  const broken = new Set(diagnostics.filter(({ code }) => code === "yaml-syntax").map(lineOf));
  if (broken.size === 0) return diagnostics;
  return diagnostics.filter((diagnostic) => {
    const { code, place } = diagnostic;
    if (code === "yaml-syntax") return true;
    return (
      !code.startsWith("missing-") &&
      code !== "not-a-document" &&
      (place !== undefined || !broken.has(lineOf(diagnostic)))
    );
  });
}

/** What the stages of reading share. */
interface Reader {
  readonly text: string;
  readonly report: Report;
  readonly unavailable: Report;
}

interface Read {
  readonly head: Head;
  readonly expansion: Expansion;
  readonly isWorkflow: boolean;
  readonly nodes: readonly ParsedNode[];
  readonly order: readonly string[];
}

function readRoot(root: ValueAst, sets: readonly string[], reader: Reader): Read | undefined {
  const { text, report } = reader;
  if (root.kind !== "map") {
    const message = "a file is lines of `key: value`, the first of them `diffusion: 1`";
    if (isEmpty(root)) reportMissingVersion(text, { start: 0, end: 0 }, report);
    else report({ code: "not-a-document", message, range: root.range });
    return undefined;
  }
  if (!checkVersion(root, text, report)) return undefined;
  return readMap(root, parseArguments(sets, report), reader);
}

function isEmpty(ast: ValueAst): boolean {
  return ast.kind === "scalar" && ast.value === null;
}

function readMap(root: MapAst, args: readonly Argument[], reader: Reader): Read {
  const { text, report } = reader;
  const head = readHead(root, text, report);
  const expansion = readVariables(head.vars, variableArguments(args), reader);
  const found = findNodes(root, text, report).map((node) => ({ ...node, map: expandMap(node.map, expansion) }));
  const defaults = head.defaults && expandMap(head.defaults, expansion);
  const tasks = found.map((node) => taskOf(node.map, defaults, text, report));
  const layers = readDefaults(defaults, new Set(tasks.filter((task) => task !== undefined)), text, report);
  const checked = found.map((node, i) => checkNode(node, tasks[i], layers, reader));
  const nodes = layArguments(checked, args, expansion).map((node) => finishNode(node, reader));
  const isWorkflow = findPair(root, "workflow") !== undefined;
  checkReferences(nodes, isWorkflow, report);
  const needs = new Map(nodes.map((node) => [node.name, node.references.map((reference) => reference.node)]));
  return { head, expansion, isWorkflow, nodes, order: orderNodes(needs).order };
}

function variableArguments(args: readonly Argument[]): Map<string, ValueAst> {
  const ofVariables = args.filter(({ path }) => path.length === 2 && path[0] === "vars");
  return new Map(ofVariables.map((argument) => [argument.path[1]!, argumentValue(argument, undefined)]));
}

function checkNode(
  node: FoundNode,
  task: Task | undefined,
  layers: ReadonlyMap<Task, Entries>,
  { text, report }: Reader,
): ParsedNode {
  if (!task) return { ...node, task, entries: new Map(), references: [] };
  const own = checkEntries(task, node.map.pairs, text, report);
  return { ...node, task, entries: layOver(layers.get(task) ?? new Map(), own), references: [] };
}

function finishNode(node: ParsedNode, { report }: Reader): ParsedNode {
  if (!node.task) return node;
  const ruled = { name: node.name, task: node.task, entries: node.entries, head: node.nameRange };
  checkRules(ruled, report);
  checkRequired(ruled, meantKeys(node.task, node.map), report);
  return { ...node, references: [...node.entries.values()].flatMap((entry) => entry.references) };
}

function toDocument({ head, expansion, isWorkflow, nodes, order }: Read): DiffusionDocument {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const vars = [...expansion.variables].map(([name, value]) => [name, plainValue(value) as Variable]);
  return {
    version: 1,
    ...(head.title === undefined ? {} : { title: head.title as string }),
    ...(head.usage === undefined ? {} : { usage: head.usage as NonNullable<DiffusionDocument["usage"]> }),
    vars: Object.fromEntries(vars) as Record<string, Variable>,
    isWorkflow,
    nodes: order.map((name) => toNode(byName.get(name)!)),
  };
}

/** The walker has checked every value against the schema the type is derived from. */
function toNode(node: ParsedNode): DocumentNode {
  const { name, task, references, text, range, nameRange } = node;
  const keys = Object.fromEntries([...node.entries].map(([key, { value }]) => [key, value]));
  return { name, task, keys: { ...keys, task }, references, text, range, nameRange } as unknown as DocumentNode;
}
