// vars: `${name}` in text stands for a value. A text that is nothing but `${name}` takes the value with its type.
import { keyText, type MapAst, type PairAst, type ScalarAst, type ValueAst } from "./ast.ts";
import type { Report } from "./diagnostics.ts";
import { checkName } from "./names.ts";
import { nearest } from "./nearest.ts";

/** Characters that all variables together may fill in. */
export const largestExpansion = 4 * 1024 * 1024;

/** The values by name, in the tree's form. */
export type Variables = ReadonlyMap<string, ValueAst>;

/** What filling in needs to know: the values, the text for exact ranges, and how much may still be filled in. */
export interface Expansion {
  readonly variables: Variables;
  readonly text: string;
  readonly report: Report;
  /** Takes what is valid but cannot run in this version. */
  readonly unavailable: Report;
  budget: number;
}

const pattern = /\$\{([^{}\r\n]{0,100})\}/g;

/** The value with every `${name}` in it filled in. Parts without variables stay the same objects. */
export function expandVariables(value: ValueAst, expansion: Expansion): ValueAst {
  switch (value.kind) {
    case "scalar":
      return expandScalar(value, expansion);
    case "list": {
      const items = value.items.map((item) => expandVariables(item, expansion));
      return items.every((item, i) => item === value.items[i]) ? value : { ...value, items };
    }
    case "map":
      return expandMap(value, expansion);
  }
}

/** A map with the variables in its values filled in; keys are never variables. */
export function expandMap(map: MapAst, expansion: Expansion): MapAst {
  const pairs = map.pairs.map((pair) => expandPair(pair, expansion));
  return pairs.every((pair, i) => pair === map.pairs[i]) ? map : { ...map, pairs };
}

/** A pair with the variables in its value filled in. */
export function expandPair(pair: PairAst, expansion: Expansion): PairAst {
  const value = expandVariables(pair.value, expansion);
  return value === pair.value ? pair : { ...pair, value };
}

function expandScalar(scalar: ScalarAst, expansion: Expansion): ValueAst {
  if (typeof scalar.value !== "string" || !scalar.value.includes("${")) return scalar;
  const matches = [...scalar.value.matchAll(pattern)];
  const whole = matches[0]?.[0] === scalar.value.trim();
  if (whole) return expandWhole(scalar, matches[0]![1]!, expansion);
  const value = scalar.value.replace(pattern, (written, name: string, index: number) => {
    return textOf(scalar, written, name, index, expansion);
  });
  return { ...scalar, value, source: value };
}

function expandWhole(scalar: ScalarAst, name: string, expansion: Expansion): ValueAst {
  const written = `\${${name}}`;
  const value = lookUp(scalar, written, name, scalar.value!.toString().indexOf("$"), expansion);
  return value ? { ...value, range: scalar.range } : { ...scalar, style: "broken" };
}

/** The text that a variable puts in the middle of other text. A list would be a choice, which is not text yet. */
function textOf(scalar: ScalarAst, written: string, name: string, index: number, expansion: Expansion): string {
  const value = lookUp(scalar, written, name, index, expansion);
  if (!value) return written;
  if (value.kind === "scalar") return value.source;
  const message = `\`${written}\` is a list; choosing from a list in the middle of text is not available in this version`;
  expansion.unavailable({ code: "not-available", message, range: partRange(scalar, written, index, expansion.text) });
  return written;
}

function lookUp(
  scalar: ScalarAst,
  written: string,
  name: string,
  index: number,
  expansion: Expansion,
): ValueAst | undefined {
  const value = expansion.variables.get(name.trim());
  if (!value) reportUnknown(scalar, written, name.trim(), index, expansion);
  else expansion.budget -= value.kind === "scalar" ? value.source.length : 1;
  if (!value || expansion.budget >= 0) return value;
  const message = `the variables fill in more than ${largestExpansion / 1024 / 1024} million characters`;
  expansion.report({ code: "too-large", message, range: scalar.range });
  return undefined;
}

function reportUnknown(scalar: ScalarAst, written: string, name: string, index: number, expansion: Expansion): void {
  const range = partRange(scalar, written, index, expansion.text);
  const meant = nearest(name, [...expansion.variables.keys()]);
  if (meant === undefined) {
    const message = `there is no variable \`${name}\`; write it under \`vars\``;
    expansion.report({ code: "unknown-variable", message, range });
    return;
  }
  const message = `there is no variable \`${name}\`; did you mean \`${meant}\`?`;
  const fixes = [{ title: `Change to \`${meant}\``, edits: [{ range, newText: `\${${meant}}` }] }];
  expansion.report({ code: "unknown-variable", message, range, fixes });
}

/** The range of a part of a scalar; the first part like it where line breaks move it; else that of the scalar. */
function partRange(scalar: ScalarAst, part: string, index: number, text: string) {
  for (const quote of [0, 1]) {
    const start = scalar.range.start + quote + index;
    if (start + part.length <= scalar.range.end && text.startsWith(part, start)) {
      return { start, end: start + part.length };
    }
  }
  const found = text.slice(scalar.range.start, scalar.range.end).indexOf(part);
  if (found < 0) return scalar.range;
  return { start: scalar.range.start + found, end: scalar.range.start + found + part.length };
}

/** Reads `vars`, and the `--set vars.name=value` over it. A variable may use those above it. */
export function readVariables(
  vars: MapAst | undefined,
  overrides: ReadonlyMap<string, ValueAst>,
  expansion: Omit<Expansion, "variables" | "budget">,
): Expansion {
  const variables = new Map<string, ValueAst>();
  const filling = { ...expansion, variables, budget: largestExpansion };
  for (const pair of vars?.pairs ?? []) {
    const name = keyText(pair);
    checkName(pair, "a variable", expansion.report);
    variables.set(name, overrides.get(name) ?? expandVariables(pair.value, filling));
  }
  for (const [name, value] of overrides) variables.set(name, value);
  return filling;
}
