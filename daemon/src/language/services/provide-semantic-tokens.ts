// Semantic tokens: what each key, word, name and number is.
import type { ParseResult } from "../parse.ts";
import type { LeafNode } from "../prompt/tree.ts";
import { textBranch, wordsOf } from "../shape.ts";
import type { Range } from "../source.ts";
import { type Item, itemsIn, itemsOf, type ScalarItem } from "./items.ts";
import { type Occurrence, occurrencesOf, occurrencesWithin } from "./occurrences.ts";
import { leavesOf, promptOf, type WrittenPrompt } from "./prompts.ts";

/** The kinds of tokens, by their names in the protocol. */
export const tokenTypes = [
  "property",
  "enumMember",
  "class",
  "variable",
  "number",
  "string",
  "keyword",
  "operator",
  "macro",
] as const;

/** The marks of tokens, by their names in the protocol. */
export const tokenModifiers = ["declaration"] as const;

/** One token, in one line. */
export interface SemanticToken {
  readonly range: Range;
  readonly type: (typeof tokenTypes)[number];
  readonly isDeclaration: boolean;
}

/** The tokens in a range, in order, none over another. */
export function provideSemanticTokens(document: ParseResult, within?: Range): SemanticToken[] {
  const { text } = document;
  const items = within ? itemsIn(document, within) : itemsOf(document);
  const names = within ? occurrencesWithin(document, within) : occurrencesOf(document);
  const tokens: SemanticToken[] = [];
  let next = 0;
  let end = 0;
  for (const item of items) {
    if (item.range.start < end) continue;
    end = item.range.end;
    const inside: Occurrence[] = [];
    while (next < names.length && names[next]!.range.start < item.range.start) next++;
    while (next < names.length && names[next]!.range.end <= item.range.end) inside.push(names[next++]!);
    for (const token of itemTokens(item, inside, document)) tokens.push(...inLines(token, text));
  }
  return tokens;
}

function itemTokens(item: Item, names: readonly Occurrence[], document: ParseResult): SemanticToken[] {
  const written = promptOf(item, document);
  if (written) return promptTokens(written, names);
  const type = item.kind === "key" ? "property" : scalarType(item);
  const parts: SemanticToken[] = [];
  let at = item.range.start;
  const rest = (until: number) => {
    if (type && until > at) parts.push({ range: { start: at, end: until }, type, isDeclaration: false });
  };
  for (const { range, kind, role } of names) {
    rest(range.start);
    parts.push({ range, type: kind === "node" ? "class" : "variable", isDeclaration: role === "definition" });
    at = range.end;
  }
  rest(item.range.end);
  return parts;
}

const leafTypes: Readonly<Record<LeafNode["kind"], SemanticToken["type"]>> = {
  text: "string",
  escape: "string",
  mark: "operator",
  break: "keyword",
  and: "keyword",
  "part-weight": "number",
  wildcard: "macro",
  variable: "variable",
};

/** A prompt by its parts; of `${name}` the name alone is a variable. */
function promptTokens(written: WrittenPrompt, names: readonly Occurrence[]): SemanticToken[] {
  let next = 0;
  return leavesOf(written).map(({ node, range }) => {
    while (next < names.length && names[next]!.range.end <= range.start) next++;
    const name = names[next];
    const isName = node.kind === "variable" && name && name.range.end <= range.end;
    const type = node.kind === "mark" && node.role === "number" ? "number" : leafTypes[node.kind];
    return { range: isName ? name.range : range, type, isDeclaration: false };
  });
}

function scalarType({ scalar, shape }: ScalarItem): SemanticToken["type"] | undefined {
  const { value, source } = scalar;
  if (value === null) return undefined;
  if (typeof value === "boolean") return "keyword";
  if (typeof value !== "string") return "number";
  if (shape && wordsOf(shape).includes(source)) return "enumMember";
  return shape === undefined || textBranch(shape) ? "string" : undefined;
}

/** A token of several lines as one a line, without the blanks around it. */
function inLines({ range, ...token }: SemanticToken, text: string): SemanticToken[] {
  return [...text.slice(range.start, range.end).matchAll(/[^\s](?:[^\r\n]*[^\s])?/g)].map((match) => ({
    ...token,
    range: { start: range.start + match.index, end: range.start + match.index + match[0].length },
  }));
}
