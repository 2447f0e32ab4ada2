// The tokens of a text in order, each with the place that layout gives it. Layout moves tokens; it never changes one.
import { type CST, Parser } from "yaml";

/** A list or map in block style: the column its items are written at, and the one they get. */
export interface Block {
  readonly written: number;
  readonly indent: number;
  readonly parent: Block | undefined;
}

/** A token that is no whitespace. */
export interface Token {
  readonly kind: CST.SourceToken["type"] | CST.FlowScalar["type"] | "block-scalar";
  readonly start: number;
  readonly end: number;
  /** Its column when it begins a line. A comment in block style goes by its neighbours instead. */
  readonly indent: number;
  /** The block around it. */
  readonly block: Block | undefined;
  readonly inFlow: boolean;
  /** The column of the further lines of a scalar. */
  readonly inner: number;
  /** A block scalar's header and the column that the parser counts its content from. */
  readonly blockScalar?: { readonly header: Token; readonly base: number };
}

/** Where the walk is. */
interface Place {
  readonly block: Block | undefined;
  /** The column of a token here that begins a line. */
  readonly indent: number;
  /** Flow collections around, and the column theirs are counted from. */
  readonly depth: number;
  readonly base: number;
  /** The least column of a bracket that closes. */
  readonly closer: number;
}

/** Tokens of a text that reads without errors. Text before the first (a byte-order mark) is left out. */
export function tokensOf(text: string): Token[] {
  const walk: Walk = { text, tokens: [] };
  const place = { block: undefined, indent: 0, depth: 0, base: 0, closer: 0 };
  for (const token of new Parser().parse(text)) {
    if (token.type === "document") walkDocument(walk, token, place);
    else if ("source" in token) walkSource(walk, [token as CST.SourceToken], place);
  }
  return walk.tokens;
}

interface Walk {
  readonly text: string;
  readonly tokens: Token[];
}

function walkDocument(walk: Walk, document: CST.Document, place: Place): void {
  walkSource(walk, document.start, place);
  if (document.value) walkValue(walk, document.value, place, -2);
  walkSource(walk, document.end, place);
}

const unseen: ReadonlySet<string> = new Set(["space", "newline", "flow-error-end", "doc-mode"]);

function walkSource(walk: Walk, tokens: readonly CST.SourceToken[] | undefined, place: Place): void {
  for (const token of tokens ?? []) {
    if (token.type === "byte-order-mark" && token.offset === 0) continue;
    if (!unseen.has(token.type)) add(walk, token.type, token.offset, token.source.length, place);
  }
}

function add(
  walk: Walk,
  kind: Token["kind"],
  start: number,
  length: number,
  { block, indent, depth }: Place,
  own: Partial<Token> = {},
): Token {
  const token = { kind, start, end: start + length, indent, block, inFlow: depth > 0, inner: indent, ...own };
  walk.tokens.push(token);
  return token;
}

/** A value whose parent's items are at `parent`; -2 for the whole document. */
function walkValue(walk: Walk, value: CST.Token, place: Place, parent: number): void {
  const inside = { ...place, indent: parent + 2 };
  const inFlow = place.depth > 0;
  if (value.type === "block-map") walkBlockMap(walk, value, inside);
  else if (value.type === "block-seq") walkBlockSeq(walk, value, inside);
  else if (value.type === "block-scalar") walkBlockScalar(walk, value, inside);
  else if (value.type === "flow-collection")
    walkFlow(walk, value, inFlow ? place : { ...inside, ...flowBase(walk, value, parent) });
  else if (isFlowScalar(value)) walkFlowScalar(walk, value, inFlow ? place : inside);
}

function isFlowScalar(token: CST.Token): token is CST.FlowScalar {
  return token.type === "alias" || token.type === "scalar" || token.type.endsWith("quoted-scalar");
}

function walkBlockMap(walk: Walk, map: CST.BlockMap, place: Place): void {
  const inside = enter(walk, place, firstOf(map));
  for (const { start, key, sep, value } of map.items) {
    walkSource(walk, start, inside);
    if (key) walkValue(walk, key, inside, isExplicit(start) ? inside.indent : inside.indent - 2);
    walkSeparator(walk, sep, inside);
    if (value) walkValue(walk, value, inside, inside.indent);
  }
}

function isExplicit(start: readonly CST.SourceToken[]): boolean {
  return start.some(({ type }) => type === "explicit-key-ind");
}

/** The colon stands with its key; an anchor behind it with the value. */
function walkSeparator(walk: Walk, sep: readonly CST.SourceToken[] | undefined, place: Place): void {
  for (const token of sep ?? []) {
    walkSource(walk, [token], token.type === "map-value-ind" ? place : { ...place, indent: place.indent + 2 });
  }
}

function walkBlockSeq(walk: Walk, seq: CST.BlockSequence, place: Place): void {
  const inside = enter(walk, place, firstOf(seq));
  for (const { start, value } of seq.items) {
    const dash = start.findIndex(({ type }) => type === "seq-item-ind");
    walkSource(walk, start.slice(0, dash + 1), inside);
    walkSource(walk, start.slice(dash + 1), { ...inside, indent: inside.indent + 2 });
    if (value) walkValue(walk, value, inside, inside.indent);
  }
}

function firstOf(collection: CST.BlockMap | CST.BlockSequence): number {
  const { start = [], key, sep = [] } = collection.items.find(isWritten) ?? {};
  return start.find(isSeen)?.offset ?? key?.offset ?? sep.find(isSeen)?.offset ?? collection.offset;
}

function isWritten({ start, key, sep }: CST.BlockMap["items"][number] | CST.BlockSequence["items"][number]): boolean {
  return start.some(isSeen) || key != null || (sep?.some(isSeen) ?? false);
}

function isSeen({ type }: CST.SourceToken): boolean {
  return !unseen.has(type) && type !== "comment";
}

function enter(walk: Walk, place: Place, first: number): Place {
  const written = columnOf(walk.text, first);
  return { ...place, block: { written, indent: place.indent, parent: place.block } };
}

/** Columns inside a flow collection: two more for each bracket, and always more than the block around it. */
function flowBase(walk: Walk, flow: CST.FlowCollection, parent: number): Pick<Place, "base" | "closer"> {
  const beginsLine = walk.text.slice(lineStart(walk.text, flow.offset), flow.offset).trim() === "";
  const base = beginsLine ? parent + 2 : Math.max(parent, 0);
  return { base, closer: parent + 2 };
}

function walkFlow(walk: Walk, flow: CST.FlowCollection, place: Place): void {
  const depth = place.depth + 1;
  const inside = { ...place, depth, indent: place.base + 2 * depth };
  add(walk, flow.start.type, flow.start.offset, flow.start.source.length, place);
  for (const { start, key, sep, value } of flow.items) {
    walkSource(walk, start, inside);
    if (key) walkValue(walk, key, inside, inside.indent - 2);
    walkSource(walk, sep, inside);
    if (value) walkValue(walk, value, inside, inside.indent - 2);
  }
  const closing = { ...inside, indent: Math.max(inside.indent - 2, place.closer) };
  const [bracket, ...after] = flow.end;
  if (bracket) walkSource(walk, [bracket], closing);
  walkSource(walk, after, place);
}

function walkBlockScalar(walk: Walk, scalar: CST.BlockScalar, place: Place): void {
  let header: Token | undefined;
  let end = scalar.offset;
  for (const prop of scalar.props as CST.SourceToken[]) {
    end = prop.offset + prop.source.length;
    if (!unseen.has(prop.type)) {
      const added = add(walk, prop.type, prop.offset, prop.source.length, place);
      if (prop.type === "block-scalar-header") header = added;
    }
  }
  if (!header || scalar.source === "") return;
  add(walk, "block-scalar", end, scalar.source.length, place, { blockScalar: { header, base: scalar.indent } });
}

function walkFlowScalar(walk: Walk, scalar: CST.FlowScalar, place: Place): void {
  const inner = place.depth > 0 ? place.indent + 2 : place.indent;
  if (scalar.source !== "") add(walk, scalar.type, scalar.offset, scalar.source.length, place, { inner });
  walkSource(walk, scalar.end, place);
}

/** Where the line of an offset begins; a byte-order mark is not part of the first. */
export function lineStart(text: string, offset: number): number {
  const start = text.lastIndexOf("\n", offset - 1) + 1;
  return start === 0 && text.startsWith("\uFEFF") ? 1 : start;
}

/** Characters before the offset in its line. */
export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}
