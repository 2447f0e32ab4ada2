// Syntax errors in the words of somebody who writes prompts, with a fix where quotes are what is missing.
import type { YAMLError } from "yaml";
import type { Fix } from "./diagnostics.ts";

/** The longest line that is searched for a value to quote. */
const longestLine = 2000;

/** A message, and a fix if there is one, for an error of the yaml package. */
export function syntaxMessage(error: YAMLError, text: string): { message: string; fixes?: Fix[] } {
  const wantsQuotes = unquoted[error.code];
  const fix = wantsQuotes === undefined ? undefined : quoteValueOfLine(text, error.pos[0]);
  const known = wantsQuotes?.replace("%", text[error.pos[0]] ?? "") ?? slips[error.code];
  const message = known ?? (error.code === "MISSING_CHAR" ? missing(error.message) : error.message);
  return fix ? { message, fixes: [fix] } : { message };
}

/** Errors that mostly come of text that needs quotes. `%` is the character at fault. */
const unquoted: Readonly<Partial<Record<YAMLError["code"], string>>> = {
  BLOCK_AS_IMPLICIT_KEY: "a colon and a space in the middle of text begin a new key; put the text in quotes",
  BAD_SCALAR_START: "text cannot begin with `%`; put it in quotes",
  UNEXPECTED_TOKEN: "this does not belong here; text with [ ] { } or quotes inside needs quotes around it",
};

/** Other slips. */
const slips: Readonly<Partial<Record<YAMLError["code"], string>>> = {
  TAB_AS_INDENT: "indent with spaces, not with tabs",
  BAD_INDENT: "the indentation does not fit the lines above",
  MULTILINE_IMPLICIT_KEY: "this line is no `key: value`; is a colon missing?",
  BAD_DQ_ESCAPE: "no such escape in double quotes; write `\\\\` for a backslash, or use single quotes",
  TAG_RESOLVE_FAILED: "YAML tags (`!name`) are not used here; put the text in quotes if it begins with `!`",
};

function missing(message: string): string {
  if (message.includes("closing")) return "the closing quote is missing";
  if (message.includes("followed by map values")) return "a colon is missing: write `key: value`";
  if (message.includes("must end with a }")) return "the closing `}` is missing";
  if (message.includes("must end with a ]")) return "the closing `]` is missing";
  return message;
}

/** Puts the value of the line at the offset in single quotes, unless it may be meant as a list or map. A comment stays one. */
function quoteValueOfLine(text: string, offset: number): Fix | undefined {
  const lineStart = text.lastIndexOf("\n", offset - 1) + 1;
  const line = text.slice(lineStart, lineStart + longestLine + 1).split(/[\r\n]/, 1)[0]!;
  if (line.length > longestLine) return undefined;
  const match = /^([ ]*(?:- )?[A-Za-z_][\w-]*:[ ]+)(?!['"])(\S.*)$/.exec(line);
  if (!match || (/^[[{]/.test(match[2]!) && !/(?:prompt|prompt_2|text|title):/.test(match[1]!))) return undefined;
  const value = match[2]!.replace(/ #.*$/, "").trimEnd();
  const start = lineStart + match[1]!.length;
  const newText = `'${value.replaceAll("'", "''")}'`;
  return { title: "Put the text in quotes", edits: [{ range: { start, end: start + value.length }, newText }] };
}
