// Weights as ComfyUI reads them (comfyanonymous/ComfyUI comfy/sd1_clip.py, token_weights).
import type { WeightedPiece } from "./attention.ts";
import { emphasis } from "./groups.ts";

/** A stretch of the text, all of one weight but for the brackets in it. */
interface Stretch {
  readonly start: number;
  readonly end: number;
  readonly weight: number;
}

/**
 * The pieces in order; neighbours are not joined, because each is put into tokens by itself. Behind a bracket that is never
 * closed all is text.
 */
export function comfyuiPieces(text: string): WeightedPiece[] {
  const pieces: WeightedPiece[] = [];
  const closings = closingBrackets(text);
  const colons = lastColons(text);
  const waiting: Stretch[] = [{ start: 0, end: text.length, weight: 1 }];
  for (let stretch = waiting.pop(); stretch; stretch = waiting.pop()) {
    const { start, end, weight } = stretch;
    const open = firstBracket(closings, start, end);
    if (open > start) pieces.push({ text: unescaped(text.slice(start, open)), weight });
    if (open === end) continue;
    const closing = closings[open]!;
    const close = closing > 0 && closing < end ? closing : end - 1;
    const isGroup = close > open && text[close] === ")" && !isEscaped(text, close);
    if (close + 1 < end) waiting.push({ start: close + 1, end, weight });
    if (isGroup) waiting.push(inside(text, open, close, colons, weight));
    else pieces.push({ text: unescaped(text.slice(open, end)), weight });
  }
  return pieces;
}

/** What is in the brackets. A number behind the last colon replaces the weight; otherwise it grows. */
function inside(text: string, open: number, close: number, colons: Int32Array, weight: number): Stretch {
  const colon = colons[close]!;
  const written = colon > open + 1 && close - colon < 60 ? text.slice(colon + 1, close).trim() : "";
  const isNumber = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(written);
  return isNumber
    ? { start: open + 1, end: colon, weight: Number(written) }
    : { start: open + 1, end: close, weight: weight * emphasis };
}

const none = -1;
const opening = 0;

/** For each `(` that begins a group where its `)` is, 0 where it is never closed; -1 at all other characters. */
function closingBrackets(text: string): Int32Array {
  const closings = new Int32Array(text.length).fill(none);
  const open: number[] = [];
  let strays = 0; // each makes text of the next `(` outside of all groups
  for (let at = 0; at < text.length; at++) {
    if (text[at] === "\\" && (text[at + 1] === "(" || text[at + 1] === ")")) at++;
    else if (text[at] === "(") {
      if (open.length === 0 && strays > 0) strays--;
      else {
        closings[at] = opening;
        open.push(at);
      }
    } else if (text[at] === ")") {
      if (open.length > 0) closings[open.pop()!] = at;
      else strays++;
    }
  }
  return closings;
}

/** The next `(` of a group, or the end. */
function firstBracket(closings: Int32Array, start: number, end: number): number {
  let at = start;
  while (at < end && closings[at] === none) at++;
  return at;
}

/** For each place the last colon before it, or -1. */
function lastColons(text: string): Int32Array {
  const colons = new Int32Array(text.length + 1);
  for (let at = 0, last = -1; at <= text.length; at++) {
    colons[at] = last;
    if (text[at] === ":") last = at;
  }
  return colons;
}

function isEscaped(text: string, at: number): boolean {
  return text[at - 1] === "\\";
}

function unescaped(text: string): string {
  return text.replace(/\\([()])/g, "$1");
}
