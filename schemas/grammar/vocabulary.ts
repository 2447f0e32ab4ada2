// What the schema lends to the grammar: every key, the words that keys take, and the keys whose text is a prompt.
import { headKeys, keysOf, tasks } from "../document/index.ts";

/** The part of a schema that is looked at. */
interface Shape {
  readonly const?: unknown;
  readonly anyOf?: readonly Shape[];
  readonly items?: Shape;
  readonly properties?: Readonly<Record<string, Shape>>;
}

export interface Vocabulary {
  readonly keys: readonly string[];
  readonly prompts: readonly string[];
  readonly words: readonly (readonly [key: string, words: readonly string[]])[];
}

/** The vocabulary of every task together. */
export function vocabulary(): Vocabulary {
  const found = new Map<string, Set<string>>();
  for (const keys of [headKeys, ...tasks.map(keysOf)]) collect(keys, found);
  const keys = [...found.keys()];
  return {
    keys,
    prompts: keys.filter((key) => /(?:^|_)prompts?(?:_|$)/.test(key)),
    words: [...found].filter(([, words]) => words.size > 0).map(([key, words]) => [key, [...words]]),
  };
}

function collect(keys: Readonly<Record<string, Shape>>, found: Map<string, Set<string>>): void {
  for (const [key, shape] of Object.entries(keys)) {
    const words = found.get(key) ?? new Set();
    found.set(key, words);
    for (const branch of branches(shape)) {
      if (typeof branch.const === "string") words.add(branch.const);
      if (branch.properties) collect(branch.properties, found);
    }
  }
}

/** A schema with its alternatives and the schemas of its items. */
function branches(shape: Shape): readonly Shape[] {
  const inner = [...(shape.anyOf ?? []), ...(shape.items ? [shape.items] : [])];
  return [shape, ...inner.flatMap(branches)];
}
