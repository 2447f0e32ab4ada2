// defaults: keys merged under every node that knows them.
import { keysOf, type Task, tasks } from "../../../schemas/document/index.ts";
import { keyText, type MapAst, type PairAst } from "./ast.ts";
import type { Report } from "./diagnostics.ts";
import { checkEntry, type Entries, type Entry } from "./entries.ts";
import { reportUnknownKey } from "./validate.ts";

/** The keys of `defaults` that nodes of each of the tasks take, checked. */
export function readDefaults(
  defaults: MapAst | undefined,
  present: ReadonlySet<Task>,
  text: string,
  report: Report,
): ReadonlyMap<Task, Entries> {
  const layers = new Map([...present].map((task) => [task, new Map<string, Entry>()]));
  for (const pair of defaults?.pairs ?? []) {
    let known = false;
    for (const [task, layer] of layers) {
      const entry = checkEntry(task, pair, "defaults", text, report);
      if (entry) layer.set(entry.key, entry);
      known ||= entry !== undefined;
    }
    if (!known) reportUnused(pair, present.size > 0, report);
  }
  return layers;
}

function reportUnused(pair: PairAst, hasNodes: boolean, report: Report): void {
  const key = keyText(pair);
  const owners = tasks.filter((task) => Object.hasOwn(keysOf(task), key));
  if (owners.length === 0) {
    const known = [...new Set(tasks.flatMap((task) => Object.keys(keysOf(task))))];
    reportUnknownKey(pair, known, "of any task", report);
  } else if (hasNodes) {
    const message = `no node of this file knows \`${key}\`; it belongs to ${owners.map((o) => `\`${o}\``).join(", ")}`;
    report({ code: "unused-default", severity: "warning", message, range: pair.key.range });
  }
}
