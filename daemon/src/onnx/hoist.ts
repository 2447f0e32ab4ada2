// Splits a graph by what changes between runs, so that constant parts are computed once (partial evaluation).
import type { Graph, Node, Value } from "./graph.ts";
import { graph, input, nodesOf } from "./graph.ts";
import { replaceValues } from "./rewrite.ts";

/** A graph in two: `prologue` depends on the invariant inputs only; `body` takes its outputs as inputs of the same name. */
export interface Hoisted {
  readonly prologue: Graph;
  readonly body: Graph;
}

/**
 * Moves every node that depends on nothing but the named inputs and weights into a prologue, e.g. the keys and values of
 * the text, which no denoising step changes. Nodes over weights alone stay: see `precomputable`.
 */
export function hoist(whole: Graph, invariant: readonly string[]): Hoisted {
  const [fixedInputs, stepInputs] = partition(
    whole.inputs,
    (v) => v.origin.kind === "input" && invariant.includes(v.origin.name),
  );
  const nodes = nodesOf(Object.values(whole.outputs));
  const changing = reachable(nodes, stepInputs);
  const fixed = reachable(nodes, fixedInputs);
  const handed = new Map<Value, Value>();
  const hand = (value: Value): Value | undefined => {
    if (!fixed.has(value) || changing.has(value)) return undefined;
    const known = handed.get(value) ?? input(`hoisted_${handed.size}`, value.dtype, value.shape);
    handed.set(value, known);
    return known;
  };
  const names = Object.keys(whole.outputs);
  const outputs = replaceValues(Object.values(whole.outputs), hand);
  const crossing = [...handed].map(([value, made]) => [(made.origin as { name: string }).name, value] as const);
  return {
    prologue: graph(fixedInputs, Object.fromEntries(crossing)),
    body: graph([...stepInputs, ...handed.values()], Object.fromEntries(names.map((name, i) => [name, outputs[i]!]))),
  };
}

/** The values that depend on any of `from`, themselves included. `nodes` in order of computation. */
function reachable(nodes: readonly Node[], from: readonly Value[]): Set<Value> {
  const reached = new Set(from);
  for (const n of nodes) if (n.inputs.some((v) => v && reached.has(v))) n.outputs.forEach((v) => reached.add(v));
  return reached;
}

function partition<T>(all: readonly T[], test: (item: T) => boolean): [T[], T[]] {
  return [all.filter(test), all.filter((item) => !test(item))];
}
