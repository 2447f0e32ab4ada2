// Where in the structure a cursor stands, read from the lines around it alone: also while the text is no valid YAML.
import type { Range } from "../source.ts";

/** The keys of one map with the text of their values, as far as it stands in the same line. */
export type WrittenKeys = ReadonlyMap<string, string>;

/** A map or list around the cursor. */
export interface Level {
  /** The key that is entered, or `-` for an item of a list. */
  readonly name: string;
  /** The keys beside it; none beside an item. */
  readonly siblings: () => WrittenKeys;
}

/** Where the cursor stands. */
export interface Cursor {
  /** From the root to the map, list or value that the cursor is in. */
  readonly levels: readonly Level[];
  /** `key`: what is written may become a key of the innermost map; `value`: it is the value of the innermost level. */
  readonly kind: "key" | "value";
  /** What is written of it so far, up to the end of the word. */
  readonly written: Range;
  /** From the beginning of the value, the quote included; for a key, that of `written`. */
  readonly start: number;
  /** The keys of the map in which a key is written. */
  readonly siblings: () => WrittenKeys;
  readonly inFlow: boolean;
  /** Something that makes it a key, or a value, follows. */
  readonly hasColon: boolean;
}

/** Lines that are searched above and below the cursor. */
const mostLines = 20_000;

/** Where the cursor stands; nothing in comments. */
export function cursorAt(text: string, offset: number): Cursor | undefined {
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  const line = readLine(text, lineStart);
  if (isInComment(text.slice(lineStart, offset))) return undefined;
  const isBehindKey = line.key !== undefined && offset > line.keyEnd;
  const column = isBehindKey ? line.keyColumn : line.isBlank ? offset - lineStart : line.contentColumn;
  const above = ancestors(text, line, column);
  const own: Entry[] = isBehindKey ? [{ line, name: line.key, column }] : [];
  const entries = [...above, ...own];
  return flowCursor(text, entries, offset) ?? blockCursor(text, entries, line, column, offset, isBehindKey);
}

/** One line, taken apart. */
interface Line {
  readonly start: number;
  readonly end: number;
  readonly isBlank: boolean;
  /** Columns of the dashes that begin it. */
  readonly dashes: readonly number[];
  /** Column behind indentation and dashes. */
  readonly contentColumn: number;
  readonly key?: string;
  readonly keyColumn: number;
  /** Offset of the colon. */
  readonly keyEnd: number;
  /** Offset of what stands behind the colon, or behind the dashes. */
  readonly valueStart: number;
}

interface Entry {
  readonly line: Line;
  readonly name: string;
  readonly column: number;
}

const keyPattern = /^(?:([A-Za-z_$][\w$-]*)|"([^"\n]*)"|'([^'\n]*)')[ ]*:(?=[ \r]|$)[ ]*/;

function readLine(text: string, start: number): Line {
  const newline = text.indexOf("\n", start);
  const end = newline < 0 ? text.length : newline;
  let at = start;
  const dashes: number[] = [];
  for (;;) {
    while (text[at] === " ") at++;
    if (text[at] !== "-" || !(text[at + 1] === " " || at + 1 >= end || text[at + 1] === "\r")) break;
    dashes.push(at - start);
    at++;
  }
  const content = text.slice(at, end);
  const match = keyPattern.exec(content);
  const blank = content.trim() === "" && dashes.length === 0;
  const base = { start, end, dashes, contentColumn: at - start, keyColumn: at - start };
  if (!match) return { ...base, isBlank: blank || content.startsWith("#"), keyEnd: at, valueStart: at };
  const key = match[1] ?? match[2] ?? match[3] ?? "";
  const keyEnd = at + match[0].trimEnd().length - 1;
  return { ...base, isBlank: false, key, keyEnd, valueStart: at + match[0].length };
}

function previousLine(text: string, line: Line): Line | undefined {
  return line.start === 0 ? undefined : readLine(text, text.lastIndexOf("\n", line.start - 2) + 1);
}

function nextLine(text: string, line: Line): Line | undefined {
  return line.end >= text.length ? undefined : readLine(text, line.end + 1);
}

/** What the line at the column is inside of, outermost first. */
function ancestors(text: string, line: Line, column: number): Entry[] {
  const found: Entry[] = [];
  let limits = { key: column, dash: column };
  const enter = (from: Line, own: boolean): void => {
    if (!own && from.key !== undefined && from.keyColumn < limits.key) {
      found.unshift({ line: from, name: from.key, column: from.keyColumn });
      limits = { key: from.keyColumn, dash: from.keyColumn };
    }
    for (const dash of from.dashes.toReversed()) {
      if (dash >= limits.dash) continue;
      found.unshift({ line: from, name: "-", column: dash });
      limits = { key: dash + 1, dash }; // a list may stand at the column of its key
    }
  };
  enter(line, true);
  let count = 0;
  for (let up = previousLine(text, line); up && count < mostLines; up = previousLine(text, up), count++) {
    if (limits.key === 0 && limits.dash === 0) break;
    if (!up.isBlank) enter(up, false);
  }
  return found;
}

/** The keys of the block map that has a key at the column of the line. */
function siblingsOf(text: string, line: Line, column: number): WrittenKeys {
  const keys = new Map<string, string>();
  const take = (from: Line): boolean => {
    if (from.isBlank) return true;
    if (from.key !== undefined && from.keyColumn === column) keys.set(from.key, valueOf(text, from));
    const first = from.dashes[0] ?? from.contentColumn;
    return first >= column;
  };
  let count = 0;
  if (line.dashes.length === 0) {
    for (let up = previousLine(text, line); up && count < mostLines && take(up); count++) up = previousLine(text, up);
  }
  count = 0;
  for (let down = nextLine(text, line); down && count < mostLines; down = nextLine(text, down), count++) {
    if (!down.isBlank && (down.dashes[0] ?? down.contentColumn) < column) break;
    if (!down.isBlank && down.dashes.length === 0) take(down);
  }
  return keys;
}

function valueOf(text: string, line: Line): string {
  return text
    .slice(line.valueStart, line.end)
    .replace(/(^|\s)#.*$/, "")
    .trim();
}

function levelOf(text: string, { line, name, column }: Entry): Level {
  if (name === "-") return { name, siblings: () => new Map() };
  const withOwn = () => new Map([...siblingsOf(text, line, column), [name, valueOf(text, line)]]);
  return { name, siblings: withOwn };
}

function blockCursor(
  text: string,
  entries: readonly Entry[],
  line: Line,
  column: number,
  offset: number,
  isBehindKey: boolean,
): Cursor {
  const last = entries.at(-1);
  const inBlockText = last && !isBehindKey && /^[|>][+-]?\d?[+-]?\s*(#.*)?$/.test(valueOf(text, last.line));
  const start = isBehindKey ? line.valueStart : Math.min(line.start + line.contentColumn, offset);
  const written = { start: Math.min(start, offset), end: wordEnd(text, offset, line.end) };
  return {
    levels: entries.map((entry) => levelOf(text, entry)),
    kind: isBehindKey || inBlockText ? "value" : "key",
    written,
    start: inBlockText ? last.line.valueStart : written.start,
    siblings: () => siblingsOf(text, line, column),
    inFlow: false,
    hasColon: !isBehindKey && line.key !== undefined,
  };
}

function wordEnd(text: string, offset: number, lineEnd: number): number {
  let end = offset;
  while (end < lineEnd && /[\w./$-]/.test(text[end]!)) end++;
  return end;
}

/** A bracket that is open. */
interface Frame {
  readonly isMap: boolean;
  readonly keys: Map<string, string>;
  key?: string;
  /** Where the token being read began. */
  start: number;
}

/** The cursor inside brackets that an entry begins, if it is. */
function flowCursor(text: string, entries: readonly Entry[], offset: number): Cursor | undefined {
  for (const [i, entry] of entries.entries()) {
    const { valueStart } = entry.line;
    const isLast = entries[i + 1]?.line !== entry.line;
    if (!isLast || valueStart >= offset || !/[[{]/.test(text[valueStart] ?? "")) continue;
    const frames = readFlow(text, valueStart, offset);
    if (!frames || frames.length === 0) continue;
    return inFrames(text, frames, entries.slice(0, i + 1), offset);
  }
  return undefined;
}

/** Reads brackets from `start` up to the offset: those that are open there; nothing when the offset is in a comment. */
function readFlow(text: string, start: number, offset: number): Frame[] | undefined {
  const frames: Frame[] = [];
  let at = start;
  while (at < offset) {
    const c = text[at]!;
    if (c === '"' || c === "'") {
      at = quoteEnd(text, at, offset);
      continue;
    }
    if (c === "#" && /[\s,]/.test(text[at - 1] ?? " ")) {
      const newline = text.indexOf("\n", at);
      if (newline < 0 || newline >= offset) return undefined;
      at = newline;
      continue;
    }
    takeFlow(text, frames, c, at);
    at++;
    if (frames.length === 0) return frames;
  }
  return frames;
}

function takeFlow(text: string, frames: Frame[], c: string, at: number): void {
  const top = frames.at(-1);
  if (c === "{" || c === "[") frames.push({ isMap: c === "{", keys: new Map(), start: at + 1 });
  else if (c === "}" || c === "]") {
    finishToken(text, top, at);
    frames.pop();
  } else if (top && c === ",") {
    finishToken(text, top, at);
    delete top.key;
    top.start = at + 1;
  } else if (top?.isMap && c === ":" && top.key === undefined && /[\s"']/.test(text[at + 1] ?? " ")) {
    top.key = text
      .slice(top.start, at)
      .trim()
      .replace(/^["']|["']$/g, "");
    top.start = at + 1;
  }
}

function finishToken(text: string, frame: Frame | undefined, at: number): void {
  if (!frame?.isMap) return;
  if (frame.key !== undefined) frame.keys.set(frame.key, text.slice(frame.start, at).trim());
}

/** Behind a quoted text, or at the limit. */
function quoteEnd(text: string, start: number, limit: number): number {
  const quote = text[start]!;
  let at = start + 1;
  while (at < limit) {
    if (quote === '"' && text[at] === "\\") at++;
    else if (text[at] === quote) return at + 1;
    at++;
  }
  return limit;
}

function inFrames(text: string, frames: readonly Frame[], entries: readonly Entry[], offset: number): Cursor {
  const top = frames.at(-1)!;
  const lineEnd = text.indexOf("\n", offset);
  const end = wordEnd(text, offset, lineEnd < 0 ? text.length : lineEnd);
  let start = top.start;
  while (start < offset && /\s/.test(text[start]!)) start++;
  const inner = frames.flatMap((frame, i): Level[] => {
    const name = frame.isMap ? frame.key : "-";
    const isOpen = i < frames.length - 1 || name !== undefined;
    return isOpen && name !== undefined ? [{ name, siblings: () => frame.keys }] : [];
  });
  return {
    levels: [...entries.map((entry) => levelOf(text, entry)), ...inner],
    kind: top.isMap && top.key === undefined ? "key" : "value",
    written: { start, end },
    start,
    siblings: () => keysAround(text, top, offset),
    inFlow: true,
    hasColon: /^[ ]*:/.test(text.slice(end, end + 8)),
  };
}

/** Characters behind the cursor that are searched for more keys of the same map. */
const farthest = 10_000;

/** The keys of an open map, those behind the cursor included. */
function keysAround(text: string, top: Frame, offset: number): WrittenKeys {
  const frame: Frame = { ...top, keys: new Map(top.keys) };
  const frames = [frame];
  const limit = Math.min(text.length, offset + farthest);
  for (let at = offset; at < limit && frames.length > 0; at++) {
    const c = text[at]!;
    if (c === '"' || c === "'") at = quoteEnd(text, at, limit) - 1;
    else takeFlow(text, frames, c, at);
  }
  return frame.keys;
}

/** A `#` outside quotes behind a blank. */
function isInComment(before: string): boolean {
  if (!before.includes("#")) return false;
  let quote: string | undefined;
  for (let i = 0; i < before.length; i++) {
    const c = before[i]!;
    if (quote) quote = c === quote ? undefined : quote;
    else if ((c === '"' || c === "'") && /[\s[{:,]/.test(before[i - 1] ?? " ")) quote = c;
    else if (c === "#" && (i === 0 || /\s/.test(before[i - 1]!))) return true;
  }
  return false;
}
