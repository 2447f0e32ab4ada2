// Finds the nodes of a file: the one whose keys stand at the top, or those named under `workflow`.
import { defaultTask, headKeys, isTask, type Task, taskKey } from "../../../schemas/document/index.ts";
import { findPair, keyText, type MapAst, type PairAst, pairRange } from "./ast.ts";
import type { Report } from "./diagnostics.ts";
import { mapOf } from "./entries.ts";
import { checkName } from "./names.ts";
import { nearest } from "./nearest.ts";
import { shapeOf } from "./shape.ts";
import { type LineStarts, lineStarts, positionAt, type Range } from "./source.ts";
import { checkValue, headOf, invalid } from "./validate.ts";

/** The name of the only node of a file without `workflow`. */
export const onlyNodeName = "main";

/** A node before its keys are checked. */
export interface FoundNode {
  readonly name: string;
  readonly map: MapAst;
  /** The whole node, with its name. */
  readonly range: Range;
  /** Its name; in a file of one node, its first key. */
  readonly nameRange: Range;
  /** As written, moved to the left margin; the whole file when it has one node. */
  readonly text: string;
}

/** Finds the nodes in the order of the file. */
export function findNodes(root: MapAst, text: string, report: Report): FoundNode[] {
  const own = root.pairs.filter((pair) => !Object.hasOwn(headKeys, keyText(pair)));
  const workflow = findPair(root, "workflow");
  if (!workflow) return [onlyNode(root, own, text)];
  for (const pair of own) refuseBesideWorkflow(pair, report);
  const map = mapOf(workflow.value, "workflow", report);
  if (map?.pairs.length === 0) {
    report({ code: "missing-key", message: "`workflow` has no nodes", range: workflow.key.range });
  }
  const lines = lineStarts(text);
  return (map?.pairs ?? []).flatMap((pair) => namedNode(pair, text, lines, report) ?? []);
}

function onlyNode(root: MapAst, pairs: readonly PairAst[], text: string): FoundNode {
  const map = { ...root, pairs };
  return { name: onlyNodeName, map, range: root.range, nameRange: headOf(root), text };
}

function refuseBesideWorkflow(pair: PairAst, report: Report): void {
  const key = keyText(pair);
  const meant = nearest(key, Object.keys(headKeys));
  const hint = meant === undefined ? "put it in a node, or under `defaults` for all" : `did you mean \`${meant}\`?`;
  const message = `unknown key \`${key.slice(0, 80)}\` at the top of a workflow; ${hint}`;
  const fixes =
    meant === undefined
      ? []
      : [{ title: `Change to \`${meant}\``, edits: [{ range: pair.key.range, newText: meant }] }];
  report({ code: "unknown-key", message, range: pair.key.range, fixes });
}

function namedNode(pair: PairAst, text: string, lines: LineStarts, report: Report): FoundNode | undefined {
  const name = keyText(pair);
  checkName(pair, "a node", report);
  const map = mapOf(pair.value, name, report);
  const range = pairRange(pair);
  return (
    map && {
      name,
      map,
      range,
      nameRange: pair.key.range,
      text: dedent(text.slice(range.start, range.end), positionAt(lines, range.start).character),
    }
  );
}

/** A part of the text with the indentation of its first line taken from all lines. */
function dedent(part: string, indent: number): string {
  const [first, ...rest] = part.trimEnd().split(/\r\n|\n|\r/);
  const moved = rest.map((line) => (line.slice(0, indent).trim() === "" ? line.slice(indent) : line));
  return [first, ...moved].join("\n");
}

/** A node's task: its own, that of `defaults`, or the usual one. Nothing, with a report, for an unknown word. */
export function taskOf(map: MapAst, defaults: MapAst | undefined, text: string, report: Report): Task | undefined {
  const pair = findPair(map, "task") ?? (defaults && findPair(defaults, "task"));
  if (!pair) return defaultTask;
  const value = checkValue(shapeOf(taskKey), pair.value, "task", { text, report, references: [] });
  return value !== invalid && isTask(value) ? value : undefined;
}
