// Where nodes and variables are named: the places that define them and those that use them.
import { findPair } from "../ast.ts";
import type { ParseResult } from "../parse.ts";
import { parseReference } from "../references.ts";
import { type Shape, textBranch } from "../shape.ts";
import type { Range } from "../source.ts";
import { type Item, itemsIn, itemsOf, type ScalarItem } from "./items.ts";

/** A place that names a node or a variable. The range is that of the bare name. */
export interface Occurrence {
  readonly kind: "node" | "variable";
  readonly name: string;
  readonly role: "definition" | "use";
  readonly range: Range;
}

const known = new WeakMap<ParseResult, readonly Occurrence[]>();

/** All of them in the order of the text. */
export function occurrencesOf(document: ParseResult): readonly Occurrence[] {
  let occurrences = known.get(document);
  if (!occurrences) {
    occurrences = itemsOf(document).flatMap((item) => occurrencesIn(item, document));
    known.set(document, occurrences);
  }
  return occurrences;
}

/** Those in a range; the rest of the document is not looked at. */
export function occurrencesWithin(document: ParseResult, within: Range): Occurrence[] {
  return itemsIn(document, within).flatMap((item) => occurrencesIn(item, document));
}

/** The one at an offset. */
export function occurrenceAt(document: ParseResult, offset: number): Occurrence | undefined {
  const near = occurrencesWithin(document, { start: offset, end: offset });
  return near.find(({ range }) => range.start <= offset && offset <= range.end);
}

/** All that name the same. */
export function sameName(document: ParseResult, { kind, name }: Occurrence): readonly Occurrence[] {
  return occurrencesOf(document).filter((other) => other.kind === kind && other.name === name);
}

function occurrencesIn(item: Item, document: ParseResult): Occurrence[] {
  if (item.kind === "scalar") return usesIn(item, document);
  const { owner, path, range } = item;
  const name = path[0] ?? "";
  if (path.length !== 1 || (owner.kind !== "workflow" && owner.kind !== "vars")) return [];
  const bare = item.pair.key.style === "plain" ? range : { start: range.start + 1, end: range.end - 1 };
  return [{ kind: owner.kind === "vars" ? "variable" : "node", name, role: "definition", range: bare }];
}

function usesIn({ scalar, shape, owner }: ScalarItem, { text, root }: ParseResult): Occurrence[] {
  if (typeof scalar.value !== "string" || owner.kind === "head") return [];
  const written = text.slice(scalar.range.start, scalar.range.end);
  const isWorkflow = root?.kind === "map" && findPair(root, "workflow") !== undefined;
  if (isWorkflow && shape && takesReference(shape)) {
    const reference = parseReference(scalar.value, scalar.range);
    const at = written.indexOf("$");
    if (reference && at >= 0) return [use("node", reference.node, scalar.range.start + at + 1)];
  }
  return variablesIn(written, scalar.range.start);
}

function use(kind: Occurrence["kind"], name: string, start: number): Occurrence {
  return { kind, name, role: "use", range: { start, end: start + name.length } };
}

/** The `${name}` in a text that begins at an offset. */
export function variablesIn(written: string, offset: number): Occurrence[] {
  if (!written.includes("${")) return [];
  return [...written.matchAll(/\$\{([^{}\r\n]{0,100})\}/g)].flatMap((match) => {
    const name = match[1]!.trim();
    if (name === "") return [];
    const before = match[1]!.length - match[1]!.trimStart().length;
    return [use("variable", name, offset + match.index + 2 + before)];
  });
}

/** True where `$node` is read: text that names something outside the file. */
export function takesReference(shape: Shape): boolean {
  return textBranch(shape)?.format !== undefined;
}
