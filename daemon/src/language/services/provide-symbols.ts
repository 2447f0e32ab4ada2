// The outline of a file: its title, variables, defaults and nodes.
import { findPair, keyText, type PairAst, pairRange } from "../ast.ts";
import type { ParsedNode, ParseResult } from "../parse.ts";
import type { Range } from "../source.ts";
import { valueOf } from "./effective.ts";
import { contentEnd } from "./content-end.ts";

/** One entry of the outline. */
export interface DocumentSymbol {
  readonly name: string;
  readonly detail: string;
  readonly kind: "node" | "group" | "variable" | "key";
  readonly range: Range;
  readonly nameRange: Range;
  readonly children: readonly DocumentSymbol[];
}

const shownDetail = 80;

/** The outline, in the order of the text. */
export function provideSymbols(document: ParseResult): DocumentSymbol[] {
  const { root, nodes } = document;
  if (root?.kind !== "map") return [];
  const isWorkflow = findPair(root, "workflow") !== undefined;
  const groups = root.pairs.flatMap((pair): DocumentSymbol[] => {
    const key = keyText(pair);
    if (key === "vars" || key === "defaults") return [groupSymbol(pair, key === "vars" ? "variable" : "key", document)];
    if (key !== "workflow") return [];
    const inside = nodes.map((node) => nodeSymbol(node, node.range, document));
    return [{ ...pairSymbol(pair, "group", document), detail: "", children: inside }];
  });
  if (isWorkflow || !nodes[0]) return groups;
  const own = { start: root.range.start, end: contentEnd(document.text, root.range) };
  return [nodeSymbol(nodes[0], own, document), ...groups].map((symbol) => ({
    ...symbol,
    range: within(symbol.range, symbol.nameRange),
  }));
}

function within(range: Range, name: Range): Range {
  return { start: Math.min(range.start, name.start), end: Math.max(range.end, name.end) };
}

function nodeSymbol(node: ParsedNode, range: Range, document: ParseResult): DocumentSymbol {
  const prompt = valueOf(node, "prompt");
  const detail = [node.task ?? "", typeof prompt === "string" ? prompt : ""].filter((part) => part !== "").join(" · ");
  const whole = within({ start: range.start, end: contentEnd(document.text, range) }, node.nameRange);
  return {
    name: node.name || "node",
    detail: detail.slice(0, shownDetail),
    kind: "node",
    range: whole,
    nameRange: node.nameRange,
    children: [],
  };
}

function groupSymbol(pair: PairAst, kind: "variable" | "key", document: ParseResult): DocumentSymbol {
  const { value } = pair;
  const inside = value.kind === "map" && value.range.start >= pair.key.range.end ? value.pairs : [];
  return {
    ...pairSymbol(pair, "group", document),
    detail: "",
    children: inside.map((each) => pairSymbol(each, kind, document)),
  };
}

function pairSymbol(pair: PairAst, kind: DocumentSymbol["kind"], { text }: ParseResult): DocumentSymbol {
  const whole = pairRange(pair);
  const range = { start: whole.start, end: Math.max(contentEnd(text, whole), pair.key.range.end) };
  const detail = pair.value.kind === "scalar" ? pair.value.source.slice(0, shownDetail) : "";
  return { name: keyText(pair) || "?", detail, kind, range, nameRange: pair.key.range, children: [] };
}
