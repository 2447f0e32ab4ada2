// A prompt's text → its tree and what is odd about it. One pass over the characters; never throws.
import { collector, largestReport, type Report } from "../diagnostics.ts";
import { closeBrace, closeRound, closeSquare, closeTag, tidied } from "./groups.ts";
import {
  bracePairs,
  closingWeightAt,
  countAt,
  keywordAt,
  partWeightAt,
  tagAt,
  variableAt,
  wildcardAt,
  type WrittenNumber,
} from "./scan.ts";
import type { Count, MarkNode, Prompt, PromptNode } from "./tree.ts";

/** Brackets in brackets that are read; those deeper stand for themselves. */
export const deepestBrackets = 64;

/** What is read: all, or of a resolved text only what is left in it: weights, schedules, `BREAK`, `AND`. */
export type Reads = "everything" | "brackets";

/** Reads a prompt. Brackets that are not closed, or close nothing, stand for themselves and are reported. */
export function parsePrompt(text: string, reads: Reads = "everything"): Prompt {
  const { diagnostics, report } = collector();
  const all = reads === "everything";
  const parser: Parser = {
    text,
    report,
    problems: 0,
    items: [],
    textStart: 0,
    textEnd: 0,
    frames: [],
    tooDeep: 0,
    isTooDeep: false,
    braces: all ? bracePairs(text) : undefined,
    lastTagEnd: text.lastIndexOf(">"),
  };
  for (let at = 0; at < text.length;) at = step(parser, at);
  while (parser.frames.length > 0) dissolve(parser);
  nextItem(parser);
  return { text, nodes: tidied(parser.items, []), diagnostics };
}

/** A bracket that is open. Its nodes are the parser's items from `item` on; the first is the bracket itself. */
export interface Frame {
  readonly open: "(" | "[" | "{" | "<";
  readonly item: number;
  /** The items that are `|` or `:` of this bracket, so far. */
  readonly pipes: number[];
  readonly colons: number[];
  /** False when a bracket in it is not closed, or closes nothing: then it is no schedule. */
  sound: boolean;
  /** Inside a tag: round and square brackets are part of its name. */
  readonly plain: boolean;
  /** Open `(` and `[` in the same choice or tag, this one included. */
  readonly rounds: number;
  readonly squares: number;
  /** Where a choice ends. */
  readonly end: number;
  readonly count: Count | undefined;
}

interface Parser {
  readonly text: string;
  readonly report: Report;
  /** Brackets reported so far, so that a megabyte of them makes no messages that nobody sees. */
  problems: number;
  readonly items: PromptNode[];
  /** Text that is not an item yet, because it may go on. */
  textStart: number;
  textEnd: number;
  readonly frames: Frame[];
  /** Open brackets that were too deep to be read. */
  tooDeep: number;
  /** Whether there was any. */
  isTooDeep: boolean;
  /** Where each choice ends. There are none, and no names and tags, when only brackets are read. */
  readonly braces: ReadonlyMap<number, number> | undefined;
  readonly lastTagEnd: number;
}

const handlers: Readonly<Record<string, (parser: Parser, at: number) => number | undefined>> = {
  "\\": escape,
  "(": openBracket,
  "[": openBracket,
  "{": openBrace,
  "<": openTag,
  ")": closeBracket,
  "]": closeBracket,
  "}": endBrace,
  ">": endTag,
  ":": colon,
  "|": pipe,
  _: wildcard,
  $: variable,
  A: keyword,
  B: keyword,
};
const special = /[\\()[\]{}<>:|_$AB]/g;

/** Reads what begins here, and says where the next begins. What no handler knows is text. */
function step(parser: Parser, at: number): number {
  const end = handlers[parser.text[at]!]?.(parser, at);
  if (end !== undefined) return end;
  special.lastIndex = at + 1;
  const next = special.exec(parser.text)?.index ?? parser.text.length;
  return addText(parser, at, next);
}

function addText(parser: Parser, start: number, end: number): number {
  if (parser.textStart === parser.textEnd) parser.textStart = start;
  parser.textEnd = end;
  return end;
}

/** The number of the item that comes next, behind the text before it. */
function nextItem(parser: Parser): number {
  const { items, textStart: start, textEnd: end } = parser;
  if (end > start) items.push({ kind: "text", range: { start, end } });
  parser.textStart = end;
  return items.length;
}

function addItem(parser: Parser, node: PromptNode): number {
  nextItem(parser);
  parser.items.push(node);
  return node.range.end;
}

function addMark(parser: Parser, role: MarkNode["role"], start: number, end: number): number {
  return addItem(parser, { kind: "mark", role, range: { start, end } });
}

/** `\(` and the like stay for whoever reads weights; before what is resolved, the backslash has done its work. */
function escape(parser: Parser, at: number): number | undefined {
  const { text, frames, braces } = parser;
  const next = text[at + 1] ?? "";
  const owner = frames.at(-1)?.open;
  const stays = next !== "" && ("()[]\\".includes(next) || (owner === "[" && ":|".includes(next)));
  const word = braces && (wildcardAt(text, at + 1) ?? variableAt(text, at + 1));
  const goes = braces && next !== "" && "{}<|".includes(next);
  if (!stays && !goes && !word) return undefined;
  const end = word?.end ?? at + 2;
  return addItem(parser, { kind: "escape", range: { start: at, end }, written: text.slice(stays ? at : at + 1, end) });
}

function isChoice(frame: Frame): boolean {
  return frame.open === "{";
}

function openBracket(parser: Parser, at: number): number | undefined {
  const open = parser.text[at] as "(" | "[";
  if (parser.frames.at(-1)?.plain) return undefined;
  if (!hasRoom(parser, at)) {
    parser.tooDeep++;
    return addText(parser, at, at + 1);
  }
  push(parser, open, at);
  return addMark(parser, "bracket", at, at + 1);
}

function hasRoom(parser: Parser, at: number): boolean {
  if (parser.frames.length < deepestBrackets) return true;
  if (!parser.isTooDeep) {
    const message = `brackets in brackets deeper than ${deepestBrackets} stand for themselves`;
    parser.report({ code: "too-deep", severity: "warning", message, range: { start: at, end: at + 1 } });
  }
  parser.isTooDeep = true;
  return false;
}

function push(parser: Parser, open: Frame["open"], at: number, count?: Count): void {
  const around = parser.frames.at(-1);
  const own = open === "{" || open === "<";
  parser.frames.push({
    open,
    item: nextItem(parser),
    pipes: [],
    colons: [],
    sound: true,
    plain: open === "<" || (around?.plain ?? false),
    rounds: own ? 0 : (around?.rounds ?? 0) + Number(open === "("),
    squares: own ? 0 : (around?.squares ?? 0) + Number(open === "["),
    end: parser.braces?.get(at) ?? -1,
    count,
  });
}

function closeBracket(parser: Parser, at: number): number | undefined {
  const open = parser.text[at] === ")" ? "(" : "[";
  const frame = parser.frames.at(-1);
  if (frame?.plain) return undefined;
  if (parser.tooDeep > 0) {
    parser.tooDeep--;
    return undefined;
  }
  if (!isOpen(frame, open)) {
    if (frame) frame.sound = false;
    reportStray(parser, at);
    return undefined;
  }
  const { item, pipes, colons, sound } = popTo(parser, open);
  addMark(parser, "bracket", at, at + 1);
  const close = open === "(" ? closeRound : closeSquare;
  finish(parser, item, close({ items: parser.items.splice(item), pipes, colons, sound, item, text: parser.text }));
  return at + 1;
}

function isOpen(frame: Frame | undefined, open: "(" | "["): boolean {
  return frame !== undefined && (open === "(" ? frame.rounds : frame.squares) > 0;
}

/** Takes the nearest open bracket of the kind off; those in it that are still open stand for themselves. */
function popTo(parser: Parser, open: Frame["open"]): Frame {
  while (parser.frames.at(-1)!.open !== open) dissolve(parser);
  return parser.frames.pop()!;
}

/** Puts a group in the place of its parts. A bracket around it is no schedule when the group is not sound. */
function finish(parser: Parser, item: number, { node, sound }: { node: PromptNode; sound: boolean }): void {
  parser.items[item] = node;
  const around = parser.frames.at(-1);
  if (around && !sound) around.sound = false;
}

/** The innermost bracket is not closed: it stands for itself, and its bars belong to the choice around it. */
function dissolve(parser: Parser): void {
  const { open, item, pipes } = parser.frames.pop()!;
  const around = parser.frames.at(-1);
  if (around) around.sound = false;
  if (parser.frames.some(isChoice)) for (const pipe of pipes) around!.pipes.push(pipe);
  const { start } = parser.items[item]!.range;
  reportUnclosed(parser, open, start);
}

function reportUnclosed(parser: Parser, open: Frame["open"], start: number): void {
  if (parser.problems++ > largestReport) return;
  const message = `\`${open}\` is never closed; close it, or write \`\\${open}\` for the character itself`;
  parser.report({ code: "unclosed-bracket", severity: "warning", message, range: { start, end: start + 1 } });
}

function reportStray(parser: Parser, at: number): void {
  if (parser.problems++ > largestReport) return;
  const close = parser.text[at]!;
  const message = `\`${close}\` closes nothing, so it stands for itself; \`\\${close}\` says that it is meant to`;
  parser.report({ code: "stray-bracket", severity: "information", message, range: { start: at, end: at + 1 } });
}

function openBrace(parser: Parser, at: number): number | undefined {
  if (!parser.braces) return undefined;
  if (!parser.braces.has(at)) {
    reportUnclosed(parser, "{", at);
    return undefined;
  }
  if (!hasRoom(parser, at)) return undefined;
  const header = countAt(parser.text, at + 1);
  push(parser, "{", at, header?.count);
  addMark(parser, "bracket", at, at + 1);
  return header ? addMark(parser, "number", at + 1, header.end) : at + 1;
}

function endBrace(parser: Parser, at: number): number | undefined {
  const frame = parser.frames.findLast(isChoice);
  if (frame?.end === at) {
    const { item, pipes, count } = popTo(parser, "{");
    parser.tooDeep = 0;
    addMark(parser, "bracket", at, at + 1);
    const items = parser.items.splice(item);
    finish(parser, item, { node: closeBrace({ items, pipes, item, text: parser.text }, count), sound: true });
    return at + 1;
  }
  if (parser.braces && parser.frames.length < deepestBrackets) reportStray(parser, at);
  return undefined;
}

function openTag(parser: Parser, at: number): number | undefined {
  const tag = parser.braces && tagAt(parser.text, at);
  if (!tag || parser.frames.at(-1)?.plain) return undefined;
  if (at > parser.lastTagEnd) {
    reportUnclosed(parser, "<", at);
    return undefined;
  }
  if (!hasRoom(parser, at)) return undefined;
  push(parser, "<", at);
  return addMark(parser, "bracket", at, tag.end);
}

function endTag(parser: Parser, at: number): number | undefined {
  if (parser.frames.at(-1)?.open !== "<") return undefined;
  const { item } = parser.frames.pop()!;
  addMark(parser, "bracket", at, at + 1);
  finish(parser, item, { node: closeTag(parser.items.splice(item), parser.text), sound: true });
  return at + 1;
}

function colon(parser: Parser, at: number): number | undefined {
  const frame = parser.frames.at(-1);
  if (!frame) return partWeight(parser, at);
  const weight = isOpen(frame, "(") && parser.tooDeep === 0 ? closingWeightAt(parser.text, at) : undefined;
  if (weight) return closeWeighted(parser, at, weight);
  // Of a third colon nothing more follows than that the bracket is no schedule.
  if ((frame.open !== "[" && frame.open !== "(") || frame.colons.length > 2) return undefined;
  frame.colons.push(nextItem(parser));
  return addMark(parser, "separator", at, at + 1);
}

function closeWeighted(parser: Parser, at: number, { value, start, end, after }: WrittenNumber): number {
  const { item, pipes, colons, sound } = popTo(parser, "(");
  addMark(parser, "separator", at, start);
  addMark(parser, "number", start, end);
  addMark(parser, "bracket", end, after);
  const items = parser.items.splice(item);
  finish(parser, item, closeRound({ items, pipes, colons, sound, item, text: parser.text }, value));
  return after;
}

function partWeight(parser: Parser, at: number): number | undefined {
  const number = partWeightAt(parser.text, at);
  if (!number) return undefined;
  return addItem(parser, { kind: "part-weight", range: { start: at, end: number.after }, weight: number.value });
}

/** A `|` belongs to the nearest `[` or `{`; a choice is read first, whatever is open in it. */
function pipe(parser: Parser, at: number): number | undefined {
  const owner = parser.frames.findLast(({ open }) => open === "[" || open === "{");
  if (!owner || (owner.open === "[" && owner !== parser.frames.at(-1))) return undefined;
  while (parser.frames.at(-1) !== owner) dissolve(parser);
  owner.pipes.push(nextItem(parser));
  return addMark(parser, "separator", at, at + 1);
}

function wildcard(parser: Parser, at: number): number | undefined {
  const found = parser.braces && wildcardAt(parser.text, at);
  return found && addItem(parser, { kind: "wildcard", range: { start: at, end: found.end }, name: found.name });
}

function variable(parser: Parser, at: number): number | undefined {
  const found = parser.braces && variableAt(parser.text, at);
  return found && addItem(parser, { kind: "variable", range: { start: at, end: found.end }, name: found.name });
}

function keyword(parser: Parser, at: number): number | undefined {
  const word = parser.frames.at(-1)?.plain ? undefined : keywordAt(parser.text, at);
  if (!word) return undefined;
  const end = at + word.length;
  return addItem(parser, { kind: word === "BREAK" ? "break" : "and", range: { start: at, end } });
}
