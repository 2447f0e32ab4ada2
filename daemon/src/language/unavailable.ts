// What is valid but cannot run in this version, named one by one.
import { availability, isAvailable, isPartlyAvailable, type Task } from "../../../schemas/document/index.ts";
import { findPair } from "./ast.ts";
import { type Diagnostic, collector, type Report, reportIn } from "./diagnostics.ts";
import type { Entry } from "./entries.ts";
import type { ParsedNode } from "./parse.ts";
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
  const { key, value, shape, ast, keyRange, place } = entry;
  if (value === invalid || value === shape.default) return;
  const inPlace = place ? reportIn(place, report) : report;
  for (const { node, range } of entry.references) {
    const message = `taking the result of another node (\`$${node}\`) is not available in this version`;
    inPlace({ code: "not-available", message, range });
  }
  if (isAvailable(task, key)) return;
  if (!isPartlyAvailable(task, key)) {
    inPlace({ code: "not-available", message: `\`${key}\` is not available in this version`, range: keyRange });
    return;
  }
  for (const [part, partValue] of Object.entries(value as object)) {
    if (isAvailable(task, `${key}.${part}`) || partValue === shape.properties?.[part]?.default) continue;
    const range = (ast.kind === "map" ? findPair(ast, part)?.key.range : undefined) ?? keyRange;
    inPlace({ code: "not-available", message: `\`${key}.${part}\` is not available in this version`, range });
  }
}
