// The words of a text value as they are written, each with what it says when its variables are filled in.
import type { ScalarAst, ValueAst } from "../ast.ts";
import type { ParseResult } from "../parse.ts";
import { findPair, keyText } from "../ast.ts";
import type { Range } from "../source.ts";

/** A word, without the blanks around it. */
export interface WrittenWord {
  readonly range: Range;
  readonly text: string;
}

/** The words of a scalar. Quotes and the head of a block are left out; escapes in double quotes stay as written. */
export function wordsIn(document: ParseResult, scalar: ScalarAst): WrittenWord[] {
  const { start, end } = textRange(document.text, scalar);
  const variables = variablesOf(document);
  return [...document.text.slice(start, end).matchAll(/(?:\$\{[^{}\r\n]{0,100}\}|\S)+/g)].map((match) => ({
    range: { start: start + match.index, end: start + match.index + match[0].length },
    text: fill(match[0], variables),
  }));
}

/** The part of a scalar's range that is its text. */
export function textRange(text: string, { style, range }: ScalarAst): Range {
  if (style === "single" || style === "double")
    return { start: range.start + 1, end: Math.max(range.start + 1, range.end - 1) };
  if (style !== "block") return range;
  const newline = text.indexOf("\n", range.start);
  return newline < 0 || newline > range.end ? range : { start: newline + 1, end: range.end };
}

function fill(word: string, variables: ReadonlyMap<string, ValueAst>): string {
  let filled = word;
  for (let depth = 0; depth < 8 && filled.includes("${"); depth++) {
    filled = filled.replace(/\$\{([^{}\r\n]{0,100})\}/g, (written, name: string) => {
      const value = variables.get(name.trim());
      return value?.kind === "scalar" ? value.source : written;
    });
    if (filled.length > 100_000) break;
  }
  return filled;
}

/** The variables of a file as they are written. */
export function variablesOf({ root }: ParseResult): ReadonlyMap<string, ValueAst> {
  const vars = root?.kind === "map" ? findPair(root, "vars")?.value : undefined;
  return new Map(vars?.kind === "map" ? vars.pairs.map((pair) => [keyText(pair), pair.value]) : []);
}
