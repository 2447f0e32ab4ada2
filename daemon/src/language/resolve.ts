// Document to what can run: defaults of the schema filled in, sizes as sides, and what this version cannot do refused.
import {
  commonDefaults,
  defaultModel,
  keysOf,
  type ImageNode,
  type ModelReference,
  type NodeByTask,
  type Task,
} from "../../../schemas/document/index.ts";
import { findPair } from "./ast.ts";
import { collector, type Diagnostic, hasErrors, type Report, reportIn, sorted } from "./diagnostics.ts";
import type { DiffusionDocument, DocumentNode, NodeOf } from "./document.ts";
import { nearest } from "./nearest.ts";
import type { ParseResult } from "./parse.ts";
import { shapeOf } from "./shape.ts";
import type { Range } from "./source.ts";
import { findUnavailable } from "./unavailable.ts";

/** How results are named and written, complete. */
export interface Output {
  /** A template of `{file} {node} {index} {seed} {model} {date}`. */
  readonly name: string;
  readonly format: string;
  readonly quality: number;
  readonly metadata: "full" | "minimal" | "none";
}

/** The keys that every node that runs has, written or not. */
export interface FilledKeys {
  readonly seed: bigint | "random";
  readonly count: number;
  readonly device: NonNullable<ImageNode["device"]>;
  readonly precision: NonNullable<ImageNode["precision"]>;
  readonly compat: NonNullable<ImageNode["compat"]>;
  readonly output: Output;
  readonly memory: Required<Pick<NonNullable<ImageNode["memory"]>, "attention" | "vae" | "offload">> & {
    readonly budget?: string;
  };
}

/** The tasks whose model, unless it is named, is the one that comes with the product. */
type BundledModelTask = "image" | "encode" | "decode";

/** A node ready to run. `size` has become `width` and `height`. */
export type RunnableOf<T extends Task> = Omit<NodeOf<T>, "keys"> & {
  readonly keys: Omit<NodeByTask[T], keyof FilledKeys | "size"> &
    FilledKeys &
    (T extends BundledModelTask ? { readonly model: ModelReference } : unknown);
};

/** A node of any task, ready to run. */
export type RunnableNode = { [T in Task]: RunnableOf<T> }[Task];

/** What can run, and why not if something cannot. `nodes` is empty when there are errors. */
export interface Resolved {
  /** In an order in which each comes after those it refers to. */
  readonly nodes: readonly RunnableNode[];
  /** The document's own problems and what this version cannot run. */
  readonly diagnostics: readonly Diagnostic[];
}

/**
 * Resolves the nodes to run.
 * @param only Names of nodes: they run, with those they refer to. Without it, all do.
 */
export function resolve(result: ParseResult, only?: readonly string[]): Resolved {
  const { document } = result;
  if (!document) return { nodes: [], diagnostics: result.diagnostics };
  const { diagnostics, report } = collector();
  checkNames(document, only ?? [], report);
  const wanted = only ? withNeeded(document.nodes, only) : document.nodes;
  const names = new Set(wanted.map((node) => node.name));
  const idle = result.nodes.filter((node) => !names.has(node.name));
  const unavailable = [
    ...result.unavailable.filter(({ range }) => !idle.some((node) => isInside(range, node.range))),
    ...findUnavailable(result.nodes.filter((node) => names.has(node.name))),
  ];
  warnOfUsage(result, report);
  const all = sorted([...result.diagnostics, ...diagnostics, ...unavailable]);
  return { nodes: hasErrors(all) ? [] : wanted.map((node) => fill(node, document.isWorkflow)), diagnostics: all };
}

function isInside(inner: Range, outer: Range): boolean {
  return outer.start <= inner.start && inner.end <= outer.end;
}

function checkNames(document: DiffusionDocument, only: readonly string[], report: Report): void {
  const names = document.nodes.map((node) => node.name);
  for (const name of only) {
    if (names.includes(name)) continue;
    const meant = nearest(name, names);
    const hint = meant === undefined ? `there are ${names.slice(0, 20).join(", ")}` : `did you mean \`${meant}\`?`;
    const range = { start: 0, end: name.length };
    const message = `there is no node \`${name}\`; ${hint}`;
    reportIn({ name: "--node", text: name }, report)({ code: "unknown-node", message, range });
  }
}

/** The named nodes and, since the order is that of need, all that those after them ask for. */
function withNeeded(nodes: readonly DocumentNode[], only: readonly string[]): DocumentNode[] {
  const needed = new Set(only);
  const wanted = nodes.toReversed().filter((node) => {
    if (needed.has(node.name)) for (const reference of node.references) needed.add(reference.node);
    return needed.has(node.name);
  });
  return wanted.toReversed();
}

/** `usage` is checked against licences of models by a later version; until then it must not seem to be. */
function warnOfUsage(result: ParseResult, report: Report): void {
  const pair = result.root?.kind === "map" ? findPair(result.root, "usage") : undefined;
  if (!pair || result.document?.usage !== "commercial") return;
  const message = "the model's licence is not compared with `usage` in this version; read it yourself";
  report({ code: "not-available", severity: "warning", message, range: pair.key.range });
}

function fill(node: DocumentNode, isWorkflow: boolean): RunnableNode {
  const { size, ...keys } = node.keys as NodeByTask["image"];
  const filled = {
    ...(bundled.has(node.task) ? { model: defaultModel } : {}),
    ...commonDefaults,
    ...sidesOf(size),
    ...keys,
    output: {
      name: isWorkflow ? "{file}-{node}-{index}" : "{file}-{index}",
      ...groupDefaults(node.task, "output"),
      ...keys.output,
    },
    memory: { ...groupDefaults(node.task, "memory"), ...keys.memory },
  };
  return { ...node, keys: filled } as unknown as RunnableNode;
}

const bundled: ReadonlySet<Task> = new Set<BundledModelTask>(["image", "encode", "decode"]);

function sidesOf(size: string | undefined): { width: number; height: number } | undefined {
  const [width, height] = size?.split("x").map(Number) ?? [];
  return width === undefined || height === undefined ? undefined : { width, height };
}

/** What the schema says for the keys of a group that are not written. */
function groupDefaults(task: Task, group: "output" | "memory"): object {
  const properties = Object.entries(shapeOf(keysOf(task)[group]!).properties ?? {});
  return Object.fromEntries(
    properties.flatMap(([key, shape]) => (shape.default === undefined ? [] : [[key, shape.default]])),
  );
}
