// Layout: the whitespace between tokens, and the edits that make it. Lines stay lines; only their beginnings, their ends
// and the spaces within them change.
import type { Edit } from "../diagnostics.ts";
import { scalarEdits } from "./scalar-lines.ts";
import { type Block, columnOf, type Token, tokensOf } from "./tokens.ts";

/** The edits that lay a text out. Whitespace is all they change. */
export function layOut(text: string): Edit[] {
  const tokens = tokensOf(text);
  const eol = lineEnding(text);
  const following = nextContents(tokens);
  const edits: Edit[] = [];
  const add = (edit: Edit) => {
    if (text.slice(edit.range.start, edit.range.end) !== edit.newText) edits.push(edit);
  };
  let previous: Token | undefined;
  let content: Token | undefined;
  for (const [i, token] of tokens.entries()) {
    const range = { start: previous?.end ?? firstOffset(text), end: token.start };
    add({ range, newText: gapBefore(text, token, { previous, before: content, after: following[i] }, eol) });
    for (const edit of scalarEdits(text, token, eol)) add(edit);
    previous = token;
    if (token.kind !== "comment") content = token;
  }
  const range = { start: previous?.end ?? firstOffset(text), end: text.length };
  add({ range, newText: !previous || endsLine(text, previous) ? "" : eol });
  return edits;
}

/** What stands around a token: the one before it, and the nearest on both sides that are no comments. */
interface Neighbours {
  readonly previous: Token | undefined;
  readonly before: Token | undefined;
  readonly after: Token | undefined;
}

/** For every token, the first behind it that is no comment. */
function nextContents(tokens: readonly Token[]): (Token | undefined)[] {
  const following = new Array<Token | undefined>(tokens.length);
  let next: Token | undefined;
  for (let i = tokens.length - 1; i >= 0; i--) {
    following[i] = next;
    if (tokens[i]!.kind !== "comment") next = tokens[i];
  }
  return following;
}

/** The line ending that most lines have. */
export function lineEnding(text: string): "\n" | "\r\n" {
  const crlf = text.match(/\r\n/g)?.length ?? 0;
  const all = text.match(/\n/g)?.length ?? 0;
  return crlf * 2 > all ? "\r\n" : "\n";
}

/** A byte-order mark stays where it is. */
function firstOffset(text: string): number {
  return text.startsWith("\uFEFF") ? 1 : 0;
}

/** A block scalar owns the end of its last line. */
function endsLine(text: string, token: Token): boolean {
  return token.kind === "block-scalar" && text[token.end - 1] === "\n";
}

function gapBefore(text: string, token: Token, around: Neighbours, eol: string): string {
  const { previous } = around;
  if (!previous) return " ".repeat(columnFor(text, token, around));
  if (token.kind === "block-scalar") return eol;
  const owned = endsLine(text, previous) ? 1 : 0;
  const breaks = owned + (text.slice(previous.end, token.start).match(/\n/g)?.length ?? 0);
  if (breaks === 0) return glue(previous, token);
  return eol.repeat(Math.min(breaks, 2) - owned) + " ".repeat(columnFor(text, token, around));
}

/** The column of a token that begins a line. */
function columnFor(text: string, token: Token, around: Neighbours): number {
  return token.kind === "comment" && !token.inFlow ? commentColumn(text, token, around) : token.indent;
}

/**
 * A comment goes with what follows it, unless it is written further in: then it is the end of the innermost block before
 * it that is not further in than the comment.
 */
function commentColumn(text: string, comment: Token, { before, after }: Neighbours): number {
  const written = columnOf(text, comment.start);
  const next = after ? columnOf(text, after.start) : 0;
  const block = written > next ? blockAround(before?.block, written) : undefined;
  return block && block.written > next ? block.indent : (after?.indent ?? 0);
}

function blockAround(block: Block | undefined, column: number): Block | undefined {
  return block && block.written > column ? blockAround(block.parent, column) : block;
}

const names: ReadonlySet<Token["kind"]> = new Set(["alias", "anchor", "tag"]);

/** What stands between two tokens of a line. */
function glue(left: Token, right: Token): "" | " " {
  if (left.kind === "byte-order-mark") return "";
  if (left.kind === "explicit-key-ind") return " ";
  if (left.kind === "flow-seq-start" || right.kind === "comma" || right.kind === "flow-seq-end") return "";
  if (right.kind === "flow-map-end") return left.kind === "flow-map-start" ? "" : " ";
  if (right.kind === "map-value-ind") return isKey(left) && !names.has(left.kind) ? "" : " ";
  return " ";
}

/** True for the end of a key; false where the colon has none before it. */
function isKey({ kind }: Token): boolean {
  return kind !== "flow-map-start" && kind !== "comma" && kind !== "seq-item-ind" && kind !== "doc-start";
}
