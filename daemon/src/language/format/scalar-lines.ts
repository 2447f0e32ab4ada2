// The lines of scalars that have several: their beginnings and ends move, their breaks and their text stay.
import type { Edit } from "../diagnostics.ts";
import type { Token } from "./tokens.ts";

/** The edits inside a token. */
export function scalarEdits(text: string, token: Token, eol: string): Edit[] {
  if (token.kind === "comment") return commentEdits(text, token);
  if (token.kind === "block-scalar") return blockScalarEdits(text, token, eol);
  return token.kind.endsWith("scalar") ? flowScalarEdits(text, token, eol) : [];
}

function commentEdits(text: string, { start, end }: Token): Edit[] {
  let kept = end;
  while (/[ \t\r]/.test(text[kept - 1]!)) kept--;
  return [{ range: { start: Math.max(start, kept), end }, newText: "" }];
}

/** Plain and quoted text: spaces around a line break mean nothing, the number of breaks does. */
function flowScalarEdits(text: string, token: Token, eol: string): Edit[] {
  const source = text.slice(token.start, token.end);
  return [...source.matchAll(/(?<![ \t])[ \t]*(?:\r?\n[ \t]*)+/g)].map(({ index, 0: written }) => {
    const escaped = token.kind === "double-quoted-scalar" && /^[ \t]/.test(written) && isEscaped(source, index) ? 1 : 0;
    const range = { start: token.start + index + escaped, end: token.start + index + written.length };
    return { range, newText: eol.repeat(written.match(/\n/g)!.length) + " ".repeat(token.inner) };
  });
}

function isEscaped(source: string, offset: number): boolean {
  let backslashes = 0;
  while (source[offset - 1 - backslashes] === "\\") backslashes++;
  return backslashes % 2 === 1;
}

/** A block scalar moves as a whole. What goes beyond its column is its text, also at the end of lines. */
function blockScalarEdits(text: string, token: Token, eol: string): Edit[] {
  const { header, base } = token.blockScalar!;
  const digit = /[1-9]/.exec(text.slice(header.start, header.end));
  const lines = text.slice(token.start, token.end).split(/(?<=\n)/);
  const column = digit ? base + Number(digit[0]) : columnOfText(lines);
  const edits = lineEdits(lines, token, column, eol);
  if (!digit || !token.block) return edits;
  const at = header.start + digit.index;
  return [{ range: { start: at, end: at + 1 }, newText: String(token.inner - token.block.indent) }, ...edits];
}

/** The spaces before the first text; endless when there is none. */
function columnOfText(lines: readonly string[]): number {
  const first = lines.find((line) => /[^ \r\n]/.test(line));
  return first === undefined ? Infinity : spacesBefore(first);
}

function spacesBefore(line: string): number {
  return /^ */.exec(line)![0].length;
}

function lineEdits(lines: readonly string[], token: Token, column: number, eol: string): Edit[] {
  const edits: Edit[] = [];
  let start = token.start;
  for (const line of lines) {
    const spaces = spacesBefore(line);
    const isBlank = /^ *\r?\n?$/.test(line);
    const indent = isBlank && spaces <= column ? "" : " ".repeat(token.inner);
    edits.push({ range: { start, end: start + Math.min(spaces, column) }, newText: indent });
    const ending = /\r?\n$/.exec(line);
    if (ending) edits.push({ range: rangeOf(start + ending.index, ending[0]), newText: eol });
    start += line.length;
  }
  return edits;
}

function rangeOf(start: number, written: string): Edit["range"] {
  return { start, end: start + written.length };
}
