// References between nodes: each names a node that is there, and none wait for each other.
import type { Report } from "./diagnostics.ts";
import { nearest } from "./nearest.ts";
import { orderNodes, type Reference, referenceText } from "./references.ts";

/** A node that refers to others. */
export interface ReferringNode {
  readonly name: string;
  readonly references: readonly Reference[];
}

/** Reports references to nothing, and circles. */
export function checkReferences(nodes: readonly ReferringNode[], isWorkflow: boolean, report: Report): void {
  const names = new Set(nodes.map((node) => node.name));
  for (const { references } of nodes) {
    for (const reference of references) {
      if (!isWorkflow || !names.has(reference.node)) reportUnknown(reference, [...names], isWorkflow, report);
    }
  }
  if (isWorkflow) reportCycles(nodes, report);
}

function reportUnknown(reference: Reference, names: readonly string[], isWorkflow: boolean, report: Report): void {
  const { node, range } = reference;
  const meant = isWorkflow ? nearest(node, names) : undefined;
  if (meant === undefined) {
    const why = isWorkflow ? "" : ": this file has one node; name several under `workflow`";
    report({ code: "unknown-node", message: `there is no node \`${node}\`${why}`, range });
    return;
  }
  const message = `there is no node \`${node}\`; did you mean \`${meant}\`?`;
  const newText = referenceText({ ...reference, node: meant });
  const fix = { title: `Change to \`$${meant}\``, edits: [{ range, newText }] };
  report({ code: "unknown-node", message, range, fixes: [fix] });
}

function reportCycles(nodes: readonly ReferringNode[], report: Report): void {
  const byName = new Map(nodes.map((node) => [node.name, node]));
  const needs = new Map(nodes.map(({ name, references }) => [name, references.map(({ node }) => node)]));
  for (const cycle of orderNodes(needs).cycles) {
    const next = cycle[1] ?? cycle[0]!;
    const reference = byName.get(cycle[0]!)!.references.find(({ node }) => node === next)!;
    const message =
      cycle.length === 1
        ? `\`${next}\` takes its own result`
        : `nodes wait for each other: ${[...cycle, cycle[0]!].slice(0, 10).join(" → ")}`;
    report({ code: "cycle", message, range: reference.range });
  }
}
