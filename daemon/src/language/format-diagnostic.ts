// A diagnostic for the terminal: place, message with code, the source line with the part underlined, and help.
import type { Diagnostic, Severity } from "./diagnostics.ts";
import { type LineStarts, lineStarts, positionAt, type Range } from "./source.ts";

/** Columns between tab stops. */
const tabWidth = 4;

/** Columns of source shown; longer lines are cut around the problem. */
const sourceWidth = 120;

/** Characters of a line up to which its columns are counted as people do; counting takes time. */
const longestCounted = 10_000;

/** How a diagnostic is shown. */
export interface FormatOptions {
  /** The file's name as the user wrote it. */
  readonly file: string;
  /** The file's text. */
  readonly text: string;
  /** The text's lines, when they are at hand. */
  readonly lines?: LineStarts;
  /** ANSI colours. */
  readonly color?: boolean;
}

/**
 * Shows a diagnostic in the manner of compilers:
 *
 *     a.diffusion:2:1: error[unknown-key]: unknown key `promt`; did you mean `prompt`?
 *       2 | promt: a cat
 *         | ^^^^^
 *         = help: Change to `prompt`
 */
export function formatDiagnostic(diagnostic: Diagnostic, options: FormatOptions): string {
  const { place, severity, code, message, range } = diagnostic;
  const text = place?.text ?? options.text;
  const lines = place ? lineStarts(text) : (options.lines ?? lineStarts(text));
  const paint = options.color ? colored : plain;
  const where = place ? visible(`${place.name} ${place.text}`) : placeName(options.file, text, lines, range.start);
  const head = `${where}: ${paint(severity, `${severity}[${code}]`)}: ${visible(message)}`;
  const related = (diagnostic.related ?? []).map((other) => {
    return `note: ${other.message} is at ${placeName(options.file, text, lines, other.range.start)}`;
  });
  const help = (diagnostic.fixes ?? []).map((fix) => `help: ${visible(fix.title)}`);
  return [head, ...sourceLines(text, lines, range, severity, paint, [...related, ...help])].join("\n");
}

/** `file:line:column`, both from 1; a column is a character as people count them, not a UTF-16 unit. */
function placeName(file: string, text: string, lines: LineStarts, offset: number): string {
  const { line, character } = positionAt(lines, offset);
  const before = text.slice(lines[line], offset);
  const column = character > longestCounted ? character : graphemes(before).length;
  return `${file}:${line + 1}:${column + 1}`;
}

type Paint = (severity: Severity, text: string) => string;

const plain: Paint = (_severity, text) => text;
const colors: Readonly<Record<Severity, number>> = { error: 31, warning: 33, information: 36, hint: 36 };
const colored: Paint = (severity, text) => `\u001b[1;${colors[severity]}m${text}\u001b[0m`;

function sourceLines(
  text: string,
  lines: LineStarts,
  range: Range,
  severity: Severity,
  paint: Paint,
  notes: readonly string[],
): string[] {
  const { line } = positionAt(lines, range.start);
  const source = lineText(text, lines, line);
  const number = String(line + 1);
  const margin = " ".repeat(number.length);
  const start = range.start - lines[line]!;
  const end = Math.min(Math.max(range.end - lines[line]!, start), source.length);
  const shown = cut(source, start, end);
  const underline = paint(severity, "^".repeat(Math.max(1, shown.marked)));
  return [
    `  ${number} | ${shown.line}`,
    `  ${margin} | ${" ".repeat(shown.before)}${underline}`,
    ...notes.map((note) => `  ${margin} = ${note}`),
  ];
}

function lineText(text: string, lines: LineStarts, line: number): string {
  return text.slice(lines[line], lines[line + 1]).replace(/[\r\n]+$/, "");
}

/** The line as it is shown, with the columns before the marked part and those of the part. */
function cut(source: string, start: number, end: number): { line: string; before: number; marked: number } {
  const from = start > sourceWidth / 2 ? start - sourceWidth / 4 : 0;
  const lead = expand(source.slice(from, start), 0);
  const marked = expand(source.slice(start, Math.min(end, start + sourceWidth)), columns(lead));
  const tail = expand(source.slice(end, end + sourceWidth), columns(lead) + columns(marked));
  const ellipsis = from > 0 ? "…" : "";
  const room = Math.max(0, sourceWidth - columns(lead) - columns(marked));
  const shownTail = graphemes(tail).slice(0, room).join("");
  const rest = shownTail.length < source.length - end || end > start + sourceWidth ? "…" : "";
  return {
    line: `${ellipsis}${lead}${marked}${shownTail}${rest}`,
    before: columns(ellipsis) + columns(lead),
    marked: columns(marked),
  };
}

/** Shows tabs as spaces up to the next stop, and control characters as a symbol, so that nothing moves the cursor. */
function expand(text: string, column: number): string {
  let shown = "";
  for (const character of graphemes(text)) {
    const tab = " ".repeat(tabWidth - ((column + columns(shown)) % tabWidth));
    shown += character === "\t" ? tab : visible(character);
  }
  return shown;
}

/** Control characters and those that turn the direction of text as a symbol: a file must not steer the terminal. */
function visible(text: string): string {
  return text.replace(/\p{Cc}|[\u202a-\u202e\u2066-\u2069\uFEFF]/gu, "\uFFFD");
}

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

function graphemes(text: string): string[] {
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Columns a text takes in a terminal: two for wide East Asian characters and emoji, none for combining marks. */
export function columns(text: string): number {
  return graphemes(text).reduce((sum, character) => sum + (isWide(character) ? 2 : 1), 0);
}

const wide =
  /^(?:\p{Emoji_Presentation}|\p{Extended_Pictographic}\uFE0F|[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|[\u{20000}-\u{3fffd}])/u;

function isWide(character: string): boolean {
  return wide.test(character);
}
