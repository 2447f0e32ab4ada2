// `$node`, `$node[2]`, `$node.mask`: results of other nodes, and the order they make.
import type { Range } from "./source.ts";

/** A reference as it is written. */
export interface Reference {
  /** The node whose result is meant. */
  readonly node: string;
  /** Which of its results. */
  readonly index?: number;
  /** Which part of a result. */
  readonly part?: string;
  readonly range: Range;
}

const pattern = /^\$([A-Za-z_][A-Za-z0-9_-]*)(?:\[(\d{1,6})\])?(?:\.([A-Za-z_][A-Za-z0-9_]*))?$/;

/** Reads a reference; nothing when the text is not one. */
export function parseReference(text: string, range: Range): Reference | undefined {
  const match = pattern.exec(text);
  if (!match) return undefined;
  const [, node, index, part] = match;
  return {
    node: node!,
    ...(index === undefined ? {} : { index: Number(index) }),
    ...(part === undefined ? {} : { part }),
    range,
  };
}

/** A reference as YAML: in quotes where brackets need them. */
export function referenceText({ node, index, part }: Omit<Reference, "range">): string {
  const tail = part === undefined ? "" : `.${part}`;
  return index === undefined ? `$${node}${tail}` : `"$${node}[${index}]${tail}"`;
}

/** Nodes in an order in which each comes after those it needs, and the circles that have none. */
export interface Order {
  readonly order: readonly string[];
  readonly cycles: readonly (readonly string[])[];
}

/** Circles that are looked for; a file with more is told about these first. */
const mostCycles = 100;

/** Orders nodes. `needs` lists for each the nodes it refers to; independent ones keep their order. */
export function orderNodes(needs: ReadonlyMap<string, readonly string[]>): Order {
  const waiting = new Map([...needs].map(([node, needed]) => [node, new Set(needed.filter((n) => needs.has(n)))]));
  const users = invert(waiting);
  const free = [...waiting].filter(([, needed]) => needed.size === 0).map(([node]) => node);
  const order = drain(free, waiting, users);
  const cycles: string[][] = [];
  while (waiting.size > 0 && cycles.length < mostCycles) {
    const cycle = findCycle(waiting);
    cycles.push(cycle);
    drain(cycle, waiting, users);
  }
  return { order, cycles };
}

function invert(needs: ReadonlyMap<string, ReadonlySet<string>>): Map<string, string[]> {
  const users = new Map<string, string[]>([...needs.keys()].map((node) => [node, []]));
  for (const [node, needed] of needs) for (const other of needed) users.get(other)!.push(node);
  return users;
}

/** Takes out the nodes, those that waited for nothing else, and so on. */
function drain(
  nodes: readonly string[],
  waiting: Map<string, Set<string>>,
  users: ReadonlyMap<string, readonly string[]>,
): string[] {
  const ready = [...nodes];
  for (const node of ready) waiting.delete(node);
  for (const node of ready) {
    for (const user of users.get(node) ?? []) {
      const needed = waiting.get(user);
      if (needed?.delete(node) && needed.size === 0) {
        waiting.delete(user);
        ready.push(user);
      }
    }
  }
  return ready;
}

/** Follows what waits for what until a node comes again. All nodes wait, so one does. */
function findCycle(waiting: ReadonlyMap<string, ReadonlySet<string>>): string[] {
  const path = new Map<string, number>();
  let [node] = waiting.keys();
  while (node !== undefined && !path.has(node)) {
    path.set(node, path.size);
    node = [...waiting.get(node)!].find((needed) => waiting.has(needed));
  }
  return [...path.keys()].slice(path.get(node ?? "") ?? 0);
}
