// `--set` laid over the nodes it is for.
import { keysOf } from "../../../schemas/document/index.ts";
import { type Argument, argumentPair } from "./arguments.ts";
import { type Report, reportIn } from "./diagnostics.ts";
import { checkEntry, layOver } from "./entries.ts";
import type { ParsedNode } from "./parse.ts";
import { reportUnknownKey } from "./validate.ts";
import { type Expansion, expandPair } from "./variables.ts";

/** Lays each argument over the node it names, or over every node that knows its key. */
export function layArguments(
  nodes: readonly ParsedNode[],
  args: readonly Argument[],
  expansion: Expansion,
): readonly ParsedNode[] {
  return args.filter(({ path }) => path[0] !== "vars").reduce((laid, arg) => layArgument(laid, arg, expansion), nodes);
}

function layArgument(nodes: readonly ParsedNode[], argument: Argument, expansion: Expansion): readonly ParsedNode[] {
  const { place } = argument;
  const report = reportIn(place, expansion.report);
  const named = argument.path.length > 1 ? nodes.find((node) => node.name === argument.path[0]) : undefined;
  const path = named ? argument.path.slice(1) : argument.path;
  if (path[0] === "task") {
    const message = "`task` cannot be set from the command line; change it in the file";
    report({ code: "wrong-override", message, range: argument.pathRange });
    return nodes;
  }
  const isTarget = (node: ParsedNode) =>
    (!named || node === named) && !!node.task && Object.hasOwn(keysOf(node.task), path[0]!);
  if (!nodes.some(isTarget)) reportNoTarget(named ? [named] : nodes, argument, path, report);
  const filling = { ...expansion, text: place.text, report };
  return nodes.map((node) => (isTarget(node) ? withArgument(node, argument, path, filling) : node));
}

function withArgument(node: ParsedNode, argument: Argument, path: readonly string[], expansion: Expansion): ParsedNode {
  const { place } = argument;
  const pair = expandPair(argumentPair(argument, path, node.task!), expansion);
  const entry = checkEntry(node.task!, pair, "argument", place.text, expansion.report);
  if (!entry) return node;
  return { ...node, entries: layOver(node.entries, new Map([[entry.key, { ...entry, place }]])) };
}

function reportNoTarget(
  nodes: readonly ParsedNode[],
  argument: Argument,
  path: readonly string[],
  report: Report,
): void {
  const tasks = new Set(nodes.map(({ task }) => task).filter((task) => task !== undefined));
  if (tasks.size === 0) return;
  const known = [...new Set([...tasks].flatMap((task) => Object.keys(keysOf(task))))];
  const pair = argumentPair(argument, path, [...tasks][0]!);
  const where = nodes.length === 1 ? `of \`task: ${[...tasks][0]!}\`` : "of any node";
  reportUnknownKey(pair, known, where, report);
}
