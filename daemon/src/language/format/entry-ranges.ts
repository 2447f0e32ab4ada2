// Where each entry of a map begins and ends when it is to be moved: with its comments, without what separates it.
import type { MapAst, PairAst, ValueAst } from "../ast.ts";
import type { Range } from "../source.ts";
import { columnOf, lineStart } from "./tokens.ts";

/** The range of every entry; nothing for a map whose entries cannot be moved by moving text. */
export function entryRanges(map: MapAst, text: string): Range[] | undefined {
  if (!isWhole(map)) return undefined;
  return text[map.range.start] === "{" ? flowRanges(map, text) : blockRanges(map, text);
}

/** False where an alias stands in the map: its text is elsewhere. */
function isWhole(value: ValueAst): boolean {
  const children =
    value.kind === "map" ? value.pairs.map((pair) => pair.value) : value.kind === "list" ? value.items : [];
  const { start, end } = value.range;
  return children.every((child) => child.range.start >= start && child.range.end <= end && isWhole(child));
}

/** Entries of a flow map are what stands between the commas; with a comment among them nobody knows whose it is. */
function flowRanges({ pairs, range }: MapAst, text: string): Range[] | undefined {
  if (/\s#/.test(text.slice(range.start, range.end))) return undefined;
  return pairs.map(({ key, value }) => ({ start: key.range.start, end: Math.max(key.range.end, value.range.end) }));
}

function blockRanges({ pairs }: MapAst, text: string): Range[] | undefined {
  if (!pairs.every((pair, i) => beginsEntry(pair, i, text))) return undefined;
  const ranges: Range[] = [];
  for (const { key, value } of pairs) {
    const column = columnOf(text, key.range.start);
    const before = ranges.at(-1)?.end ?? 0;
    const start = commentStart(key.range.start, before, text);
    ranges.push({ start, end: commentEnd(lastOf(value, key.range.end, text), column, text) });
  }
  return ranges;
}

/** True when nothing but indentation, or the dash of a list for the first, stands before the key. */
function beginsEntry({ key }: PairAst, i: number, text: string): boolean {
  const before = text.slice(lineStart(text, key.range.start), key.range.start);
  return (i === 0 ? /^ *(?:- +)*$/ : /^ *$/).test(before);
}

/** The first of the comment lines right above the key, behind the entry before; the key itself behind a dash. */
function commentStart(key: number, before: number, text: string): number {
  let start = key;
  let line = lineStart(text, key);
  if (text.slice(line, key).trim() !== "") return key;
  while (line > before) {
    line = lineStart(text, line - 1);
    const comment = /^ *(?=#)/.exec(text.slice(line, start));
    if (!comment || line < before) break;
    start = line + comment[0].length;
  }
  return start;
}

/** The end of the last line of a value. */
function lastOf(value: ValueAst, keyEnd: number, text: string): number {
  const isBlock = value.kind !== "scalar" && !/[[{]/.test(text[value.range.start] ?? "");
  if (isBlock && value.kind === "map" && value.pairs.length > 0) {
    const { key, value: last } = value.pairs.at(-1)!;
    return lastOf(last, key.range.end, text);
  }
  if (isBlock && value.kind === "list" && value.items.length > 0) return lastOf(value.items.at(-1)!, keyEnd, text);
  const end = Math.max(keyEnd, value.range.end);
  return lineEnd(text, text[end - 1] === "\n" ? end - 1 : end);
}

function lineEnd(text: string, from: number): number {
  const newline = text.indexOf("\n", from);
  const end = newline === -1 ? text.length : newline;
  return text[end - 1] === "\r" ? end - 1 : end;
}

/** Comments further in than the key, after its value, are its own. */
function commentEnd(last: number, column: number, text: string): number {
  let end = last;
  for (let at = last; ;) {
    const next = text.indexOf("\n", at);
    if (next === -1) return end;
    const stop = lineEnd(text, next + 1);
    const line = text.slice(next + 1, stop);
    const comment = /^ *(?=#)/.exec(line);
    if (comment && comment[0].length > column) end = stop;
    else if (line.trim() !== "") return end;
    at = stop;
  }
}
