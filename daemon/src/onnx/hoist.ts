// Splits a graph by what changes between runs, so that constant parts are computed once (partial evaluation).
import type { Graph, Node, Value } from "./graph.ts";
import { graph, input, nodesOf } from "./graph.ts";

/** A graph in two: `prologue` depends on the invariant inputs only; `body` takes its outputs as inputs of the same name. */
export interface Hoisted {
  readonly prologue: Graph;
  readonly body: Graph;
}

/**
 * Moves every node that depends on nothing but the named inputs and weights into a prologue, e.g. the keys and values of
 * the text, which no denoising step changes. Nodes over weights alone stay: the runtime folds them.
 */
export function hoist(whole: Graph, invariant: readonly string[]): Hoisted {
  const outputs = Object.values(whole.outputs);
  const nodes = nodesOf(outputs);
  const changing = new Set<Value>(
    whole.inputs.filter((v) => v.origin.kind === "input" && !invariant.includes(v.origin.name)),
  );
  const fixed = new Set<Value>(whole.inputs.filter((v) => !changing.has(v)));
  for (const n of nodes) {
    const kind = n.inputs.some((v) => v && changing.has(v))
      ? changing
      : n.inputs.some((v) => v && fixed.has(v))
        ? fixed
        : undefined;
    for (const value of n.outputs) kind?.add(value);
  }
  const frontier = new Map<Value, Value>();
  const cut = (value: Value | undefined, replace: ReadonlyMap<Value, Value>): Value | undefined => {
    if (!value || !fixed.has(value)) return value && (replace.get(value) ?? value);
    if (!frontier.has(value)) frontier.set(value, input(`hoisted_${frontier.size}`, value.dtype, value.shape));
    return frontier.get(value);
  };
  const replaced = rebuild(
    nodes.filter((n) => n.outputs.some((v) => changing.has(v))),
    cut,
  );
  const bodyOutputs = Object.fromEntries(Object.entries(whole.outputs).map(([k, v]) => [k, cut(v, replaced)!]));
  const prologueOutputs = Object.fromEntries(
    [...frontier].map(([v, made]) => [(made.origin as { name: string }).name, v]),
  );
  const step = whole.inputs.filter((v) => changing.has(v));
  return {
    prologue: graph(
      whole.inputs.filter((v) => fixed.has(v)),
      prologueOutputs,
    ),
    body: graph([...step, ...frontier.values()], bodyOutputs),
  };
}

/** Copies nodes with their inputs replaced; returns old output → new output. */
function rebuild(
  nodes: readonly Node[],
  replace: (value: Value | undefined, made: ReadonlyMap<Value, Value>) => Value | undefined,
): Map<Value, Value> {
  const made = new Map<Value, Value>();
  for (const n of nodes) {
    const outputs: Value[] = [];
    const copy: Node = { ...n, inputs: n.inputs.map((v) => replace(v, made)), outputs };
    for (const value of n.outputs) {
      const fresh: Value = { ...value, origin: { kind: "node", node: copy } };
      outputs.push(fresh);
      made.set(value, fresh);
    }
  }
  return made;
}
