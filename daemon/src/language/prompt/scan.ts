// Looks at one place of a prompt and says what begins there. No look-ahead reads the same characters more than a few times.
import type { Count } from "./tree.ts";

/** A name between marks, and where it ends. */
export interface Name {
  readonly name: string;
  readonly end: number;
}

const wordCharacter = /[\p{L}\p{N}_]/u;
const longestName = 200;
const longestNumber = 40;

/** The upper-case word of its own (`BREAK`, `AND`) that begins here. */
export function keywordAt(text: string, at: number): "BREAK" | "AND" | undefined {
  const word = text.startsWith("BREAK", at) ? "BREAK" : text.startsWith("AND", at) ? "AND" : undefined;
  if (word === undefined || isWordBefore(text, at) || isWordAt(text, at + word.length)) return undefined;
  return word;
}

function isWordAt(text: string, at: number): boolean {
  return at < text.length && wordCharacter.test(String.fromCodePoint(text.codePointAt(at)!));
}

function isWordBefore(text: string, at: number): boolean {
  const pair = at >= 2 && text.codePointAt(at - 2)! > 0xffff;
  return at > 0 && isWordAt(text, pair ? at - 2 : at - 1);
}

/** `__name__`, where the name is a path of letters, digits, `_`, `-`, `.`, `*` and `/`, without `..`. */
export function wildcardAt(text: string, at: number): Name | undefined {
  if (!text.startsWith("__", at)) return undefined;
  let end = at + 2;
  while (end < text.length && !text.startsWith("__", end) && isNameCharacter(text, end)) end++;
  const name = text.slice(at + 2, end);
  const good = /^[^_/]/.test(name) && name.length <= longestName && !name.includes("..") && !/\/\/|\/$/.test(name);
  return good && text.startsWith("__", end) ? { name, end: end + 2 } : undefined;
}

function isNameCharacter(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  if (code < 128) return /[\w\-./*]/.test(text[at]!);
  return isWordAt(text, (code & 0xfc00) === 0xdc00 ? at - 1 : at);
}

/** `${name}`. */
export function variableAt(text: string, at: number): Name | undefined {
  if (!text.startsWith("${", at)) return undefined;
  const pattern = /\s{0,9}([\p{L}_][\p{L}\p{N}_-]{0,63})\s{0,9}\}/uy;
  pattern.lastIndex = at + 2;
  const name = pattern.exec(text)?.[1];
  return name === undefined ? undefined : { name, end: pattern.lastIndex };
}

/** `<kind:`, with something behind it. Whether a `>` follows is the caller's to know. */
export function tagAt(text: string, at: number): Name | undefined {
  const pattern = /<([A-Za-z]\w{0,31}):(?!>)/y;
  pattern.lastIndex = at;
  const name = pattern.exec(text)?.[1];
  return name === undefined ? undefined : { name, end: pattern.lastIndex };
}

/** A number in a prompt, and where its parts are: `start` and `end` of the digits, `after` all that belongs to it. */
export interface WrittenNumber {
  readonly value: number;
  readonly start: number;
  readonly end: number;
  readonly after: number;
}

/** `:1.3)`, which ends a weighted part. */
export function closingWeightAt(text: string, at: number): WrittenNumber | undefined {
  const number = numberBehindColon(text, at);
  if (!number || text[number.after] !== ")") return undefined;
  return { ...number, after: number.after + 1 };
}

/** `:0.7` before an `AND` or at the end, which weighs a part of a composed prompt. */
export function partWeightAt(text: string, at: number): WrittenNumber | undefined {
  const number = numberBehindColon(text, at);
  if (!number) return undefined;
  const last = number.after === text.length || keywordAt(text, number.after) === "AND";
  return last ? number : undefined;
}

function numberBehindColon(text: string, at: number): WrittenNumber | undefined {
  const start = skipSpace(text, at + 1);
  let end = start;
  if (text[end] === "+" || text[end] === "-") end++;
  while (end - start < longestNumber && isDigitOrPoint(text.charCodeAt(end))) end++;
  const value = readNumber(text.slice(start, end));
  return value === undefined ? undefined : { value, start, end, after: skipSpace(text, end) };
}

function isDigitOrPoint(code: number): boolean {
  return code === 0x2e || (code >= 0x30 && code <= 0x39);
}

function skipSpace(text: string, at: number): number {
  while (at < text.length && /\s/.test(text[at]!)) at++;
  return at;
}

/** The value of `1`, `-1.5`, `.5`, `1.`; none for anything else. */
export function readNumber(written: string): number | undefined {
  return /^[+-]?(?:\d+\.?\d*|\.\d+)$/.test(written) ? Number(written) : undefined;
}

/** `2$$`, `1-3$$, $$` and the like at the beginning of a choice. Without a separator of its own it is `, `. */
export function countAt(text: string, at: number): { readonly count: Count; readonly end: number } | undefined {
  const pattern = /\s{0,9}(?:(\d{1,6})|(\d{1,6})?-(\d{1,6})|(\d{1,6})-)\$\$/y;
  pattern.lastIndex = at;
  const found = pattern.exec(text);
  if (!found) return undefined;
  const [, exact, from, to, atLeast] = found.map((part: string | undefined) => (part ? Number(part) : undefined));
  const bounds = [exact ?? from ?? atLeast ?? 1, exact ?? to ?? Infinity];
  const own = separatorAt(text, pattern.lastIndex);
  return {
    count: { least: Math.min(...bounds), most: Math.max(...bounds), separator: own?.separator ?? ", " },
    end: own?.end ?? pattern.lastIndex,
  };
}

function separatorAt(text: string, at: number): { readonly separator: string; readonly end: number } | undefined {
  let end = at;
  while (end < text.length && !"${}".includes(text[end]!)) end++;
  return text.startsWith("$$", end) ? { separator: text.slice(at, end), end: end + 2 } : undefined;
}

/** `2::` at the beginning of an option or a wildcard's line: the weight, and how many characters it takes. */
export function optionWeight(written: string): { readonly weight: number; readonly length: number } | undefined {
  const found = /^\s*(\d+\.?\d*|\.\d+)::/.exec(written);
  return found ? { weight: Math.min(Number(found[1]), 1e9), length: found[0].length } : undefined;
}

/** Where each `{` that is closed has its `}`. */
export function bracePairs(text: string): ReadonlyMap<number, number> {
  const pairs = new Map<number, number>();
  const open: number[] = [];
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === "\\") at++;
    else if (character === "$") at = (variableAt(text, at)?.end ?? at + 1) - 1;
    else if (character === "{") open.push(at);
    else if (character === "}" && open.length > 0) pairs.set(open.pop()!, at);
  }
  return pairs;
}
