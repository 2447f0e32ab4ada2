// What is valid but cannot run in this version, named one by one.
import {
  availability,
  isAvailable,
  isPartlyAvailable,
  neutralGroups,
  type Task,
} from "../../../schemas/document/index.ts";
import { findPair } from "./ast.ts";
import { type Diagnostic, collector, type Report, reportIn } from "./diagnostics.ts";
import type { Entry } from "./entries.ts";
import type { ParsedNode } from "./parse.ts";
import type { Range } from "./source.ts";
import { invalid } from "./validate.ts";

/** Everything in the nodes that this version cannot run. */
export function findUnavailable(nodes: readonly ParsedNode[]): Diagnostic[] {
  const { diagnostics, report } = collector();
  for (const node of nodes) checkNode(node, report);
  return diagnostics;
}

function checkNode(node: ParsedNode, report: Report): void {
  const { task } = node;
  if (!task) return;
  if (!availability[task]) {
    const range = findPair(node.map, "task")?.value.range ?? node.nameRange;
    report({ code: "not-available", message: `\`task: ${task}\` is not available in this version`, range });
    return;
  }
  for (const entry of node.entries.values()) checkEntry(task, entry, report);
}

function checkEntry(task: Task, entry: Entry, report: Report): void {
  const { key, value, shape, keyRange, place } = entry;
  if (value === invalid || value === shape.default) return;
  const inPlace = place ? reportIn(place, report) : report;
  for (const { node, range } of entry.references) {
    const message = `taking the result of another node (\`$${node}\`) is not available in this version`;
    inPlace({ code: "not-available", message, range });
  }
  if (isAvailable(task, key)) return;
  if (isPartlyAvailable(task, key) || neutralGroups.has(key)) checkGroup(task, entry, inPlace);
  else reportUnavailable(key, keyRange, inPlace);
}

/** A group of which parts can run, or which is harmless as long as every part says what holds anyway. */
function checkGroup(task: Task, entry: Entry, report: Report): void {
  const { key, ast, shape, keyRange } = entry;
  const parts = Object.entries(entry.value as object).filter(([part, value]) => {
    return value !== shape.properties?.[part]?.default && !isAvailable(task, `${key}.${part}`);
  });
  const whole = !isPartlyAvailable(task, key);
  if (whole && parts.length > 0) reportUnavailable(key, keyRange, report);
  for (const [part] of whole ? [] : parts) {
    const range = ast.kind === "map" ? findPair(ast, part)?.key.range : undefined;
    reportUnavailable(`${key}.${part}`, range ?? keyRange, report);
  }
}

function reportUnavailable(path: string, range: Range, report: Report): void {
  report({ code: "not-available", message: `\`${path}\` is not available in this version`, range });
}
