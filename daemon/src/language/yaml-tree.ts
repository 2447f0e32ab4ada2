// From the yaml package's nodes to our tree, resolving aliases within limits.
import { isAlias, isMap, isScalar, isSeq, type Node, type Scalar } from "yaml";
import type { ListAst, MapAst, PairAst, ScalarAst, ScalarStyle, ValueAst } from "./ast.ts";
import type { Report } from "./diagnostics.ts";
import type { Range } from "./source.ts";

/** How much aliases may do. */
export const aliasLimits = {
  /** Aliases in a file. */
  count: 100,
  /** Values that all of them together stand for. */
  values: 10_000,
} as const;

interface Anchor {
  readonly value: ValueAst;
  /** Values in it, those behind aliases included. */
  readonly size: number;
}

/** Reads one document. */
export class TreeReader {
  readonly #report: Report;
  readonly #anchors = new Map<string, Anchor | "open">();
  #size = 0;
  #aliases = 0;
  #aliasedValues = 0;
  #refused = false;

  constructor(report: Report) {
    this.#report = report;
  }

  /** The tree, or nothing when aliases go beyond the limits. */
  read(root: Node): ValueAst | undefined {
    const value = this.#value(root);
    return this.#refused ? undefined : value;
  }

  #value(node: Node): ValueAst {
    if (isAlias(node)) return this.#alias(node.source, rangeOf(node));
    const before = this.#size++;
    const anchor = (node as { anchor?: string }).anchor;
    if (anchor !== undefined) this.#anchors.set(anchor, "open");
    const value = this.#content(node);
    if (anchor !== undefined) this.#anchors.set(anchor, { value, size: this.#size - before });
    return value;
  }

  #content(node: Node): ValueAst {
    if (isMap<Node, Node | null>(node)) return this.#map(node.items, rangeOf(node));
    if (isSeq<Node | null>(node)) return this.#list(node.items, rangeOf(node));
    return scalar(node as Scalar);
  }

  #map(items: readonly { key: Node | null; value: Node | null }[], range: Range): MapAst {
    const pairs: PairAst[] = [];
    for (const item of items) {
      const key = this.#key(item.key, range);
      const value = item.value && this.#value(item.value);
      if (key) pairs.push({ key, value: value ?? emptyScalar(key.range.end) });
    }
    this.#refuseDuplicates(pairs);
    return { kind: "map", pairs, range };
  }

  #key(node: Node | null, mapRange: Range): ScalarAst | undefined {
    if (isScalar(node)) return scalar(node);
    const range = node ? rangeOf(node) : { start: mapRange.start, end: mapRange.start };
    this.#report({ code: "yaml-feature", message: "a key is plain text here", range });
    return undefined;
  }

  #refuseDuplicates(pairs: readonly PairAst[]): void {
    const first = new Map<string, PairAst>();
    for (const { key, value } of pairs) {
      const earlier = first.get(key.source);
      if (earlier) {
        const message = `\`${key.source.slice(0, 80)}\` is written twice; a key can be there once`;
        const related = [{ message: "the first one", range: earlier.key.range }];
        this.#report({ code: "duplicate-key", message, range: key.range, related });
      } else first.set(key.source, { key, value });
    }
  }

  #list(items: readonly (Node | null)[], range: Range): ListAst {
    return { kind: "list", items: items.filter((item) => item !== null).map((item) => this.#value(item)), range };
  }

  #alias(name: string, range: Range): ValueAst {
    const anchor = this.#anchors.get(name);
    if (anchor === undefined || anchor === "open") {
      const message = anchor ? `\`*${name}\` stands inside what it names` : `there is no \`&${name}\` before this`;
      this.#report({ code: "unknown-alias", message, range });
      return brokenScalar(range);
    }
    this.#aliases++;
    this.#aliasedValues += anchor.size;
    if (this.#aliases > aliasLimits.count || this.#aliasedValues > aliasLimits.values) return this.#refuse(range);
    this.#size += anchor.size;
    return anchor.value;
  }

  #refuse(range: Range): ValueAst {
    const message = `aliases (\`*name\`) are used more than ${aliasLimits.count} times, or for more than ${aliasLimits.values} values`;
    if (!this.#refused) this.#report({ code: "too-many-aliases", message, range });
    this.#refused = true;
    return brokenScalar(range);
  }
}

const styles: Readonly<Record<string, ScalarStyle>> = {
  PLAIN: "plain",
  QUOTE_SINGLE: "single",
  QUOTE_DOUBLE: "double",
  BLOCK_LITERAL: "block",
  BLOCK_FOLDED: "block",
};

function scalar(node: Scalar): ScalarAst {
  const style = styles[node.type ?? "PLAIN"] ?? "plain";
  return { kind: "scalar", value: scalarValue(node.value), source: node.source ?? "", style, range: rangeOf(node) };
}

function scalarValue(value: unknown): ScalarAst["value"] {
  if (typeof value === "string" || typeof value === "bigint" || typeof value === "number") return value;
  return typeof value === "boolean" ? value : null;
}

function emptyScalar(at: number): ScalarAst {
  return { kind: "scalar", value: null, source: "", style: "plain", range: { start: at, end: at } };
}

function brokenScalar(range: Range): ScalarAst {
  return { kind: "scalar", value: null, source: "", style: "broken", range };
}

function rangeOf(node: Node): Range {
  const [start, end] = node.range ?? [0, 0];
  return { start, end };
}
