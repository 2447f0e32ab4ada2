// Values against the schema: a walker with its own messages, made for people who write prompts.
import { otherKeyNames, otherValueNames } from "../../../schemas/document/index.ts";
import { keyText, type ListAst, type MapAst, type PairAst, type ScalarAst, type ValueAst } from "./ast.ts";
import type { Fix, Report } from "./diagnostics.ts";
import { nearest } from "./nearest.ts";
import { parseReference, type Reference } from "./references.ts";
import { branchOf, expectation, isExact, keyShape, type Shape, takesAnything, textBranch, wordsOf } from "./shape.ts";
import type { Range } from "./source.ts";

/** Where problems and references go while values are checked. */
export interface Walk {
  /** The text that the ranges count in. */
  readonly text: string;
  readonly report: Report;
  readonly references: Reference[];
}

/** The result for a value that is wrong; what is wrong has been reported. */
export const invalid = Symbol("invalid");

/** Checks a value and gives it typed: numbers, exact bigints, text, flags, arrays, objects; `invalid` when it is wrong. */
export function checkValue(shape: Shape, ast: ValueAst, path: string, walk: Walk): unknown {
  if (ast.kind === "scalar" && ast.style === "broken") return invalid;
  if (takesAnything(shape)) return plainValue(ast);
  switch (ast.kind) {
    case "map":
      return checkMap(shape, ast, path, walk);
    case "list":
      return checkList(shape, ast, path, walk);
    case "scalar":
      return checkScalar(shape, ast, path, walk);
  }
}

function checkMap(shape: Shape, ast: MapAst, path: string, walk: Walk): unknown {
  const branch = branchOf(shape, "object");
  if (!branch) return wrongType(shape, ast, path, walk);
  if (branch.patternProperties) return checkRecord(Object.values(branch.patternProperties)[0] ?? {}, ast, path, walk);
  const keys = branch.properties ?? {};
  const values = ast.pairs.map((pair) => [keyText(pair), checkPair(keys, pair, path, walk)] as const);
  const missing = (branch.required ?? []).filter((key) => !values.some(([written]) => written === key));
  for (const key of missing) reportMissing(`${path}.${key}`, keys[key]!, headOf(ast), walk.report);
  if (missing.length > 0 || values.some(([, value]) => value === invalid)) return invalid;
  return Object.fromEntries(values);
}

function checkPair(keys: Readonly<Record<string, Shape>>, pair: PairAst, path: string, walk: Walk): unknown {
  const key = keyText(pair);
  const shape = keyShape(keys, key);
  if (shape) return checkValue(shape, pair.value, `${path}.${key}`, walk);
  reportUnknownKey(pair, Object.keys(keys), `of \`${path}\``, walk.report);
  return invalid;
}

function checkRecord(shape: Shape, ast: MapAst, path: string, walk: Walk): unknown {
  const values = ast.pairs.map((pair) => {
    return [keyText(pair), checkValue(shape, pair.value, `${path}.${keyText(pair)}`, walk)] as const;
  });
  return values.some(([, value]) => value === invalid) ? invalid : Object.fromEntries(values);
}

function checkList(shape: Shape, ast: ListAst, path: string, walk: Walk): unknown {
  const branch = branchOf(shape, "array");
  if (!branch) return wrongType(shape, ast, path, walk);
  const { minItems = 0, maxItems = Infinity } = branch;
  if (ast.items.length < minItems || ast.items.length > maxItems) {
    const message = `\`${path}\` has ${counted(ast.items.length, "item")}; it takes ${bounds(minItems, maxItems)}`;
    walk.report({ code: "out-of-range", message, range: ast.range });
    return invalid;
  }
  const items = ast.items.map((item, i) => checkValue(branch.items ?? {}, item, `${path}[${i}]`, walk));
  return items.includes(invalid) ? invalid : items;
}

function checkScalar(shape: Shape, ast: ScalarAst, path: string, walk: Walk): unknown {
  const { value } = ast;
  const text = textBranch(shape);
  if (typeof value === "string") {
    if (wordsOf(shape).includes(value)) return value;
    if (text) return checkText(text, ast, value, path, walk);
    return wrongText(shape, ast, value, path, walk);
  }
  if (typeof value === "bigint" || typeof value === "number") {
    const branch = branchOf(shape, "integer", "number");
    if (branch) return checkNumber(branch, ast, value, path, walk);
  }
  if (typeof value === "boolean" && branchOf(shape, "boolean")) return value;
  return wrongType(shape, ast, path, walk);
}

function checkText(shape: Shape, ast: ScalarAst, value: string, path: string, walk: Walk): unknown {
  const { minLength = 0, maxLength = Infinity } = shape;
  if (value.length < minLength || value.length > maxLength) {
    const message =
      value === ""
        ? `\`${path}\` is empty`
        : `\`${path}\` has ${counted(value.length, "character")}; it takes ${bounds(minLength, maxLength)}`;
    walk.report({ code: "out-of-range", message, range: ast.range });
    return invalid;
  }
  if (shape.pattern !== undefined && !new RegExp(shape.pattern).test(value)) {
    walk.report({ code: "wrong-form", message: `\`${path}\` must be ${expectation(shape)}`, range: ast.range });
    return invalid;
  }
  if (shape.format !== undefined && value.startsWith("$")) return checkReference(ast, value, path, walk);
  return value;
}

function checkReference(ast: ScalarAst, value: string, path: string, walk: Walk): unknown {
  const reference = parseReference(value, ast.range);
  if (reference) {
    walk.references.push(reference);
    return value;
  }
  const message = `\`${path}\` begins with \`$\` but is no reference; write \`$node\`, \`$node[2]\` or \`$node.mask\``;
  walk.report({ code: "unknown-node", message, range: ast.range });
  return invalid;
}

function checkNumber(shape: Shape, ast: ScalarAst, value: bigint | number, path: string, walk: Walk): unknown {
  const { range } = ast;
  if (typeof value === "number" && !Number.isFinite(value)) return wrongType(shape, ast, path, walk);
  if (shape.type === "integer" && typeof value === "number" && !Number.isSafeInteger(value)) {
    const message = `\`${path}\` must be ${expectation(shape)}, not ${ast.source}`;
    walk.report({ code: "wrong-type", message, range });
    return invalid;
  }
  if (isExact(shape)) return checkExact(shape, BigInt(value), path, range, walk);
  const number = Number(value);
  const { minimum = -Infinity, maximum = Infinity, multipleOf } = shape;
  if (number < minimum || number > maximum) {
    const near = number < minimum ? minimum : maximum;
    const message = `\`${path}\` must be ${bounds(minimum, maximum)}, not ${ast.source.slice(0, 40)}`;
    walk.report({ code: "out-of-range", message, range, fixes: [replace(range, String(near))] });
    return invalid;
  }
  if (multipleOf !== undefined && number % multipleOf !== 0) {
    reportMultiple(path, number, multipleOf, minimum, (near) => replace(range, String(near)), range, walk.report);
    return invalid;
  }
  return number;
}

function checkExact(shape: Shape, value: bigint, path: string, range: Range, walk: Walk): unknown {
  const end = BigInt(shape.exclusiveMaximum!);
  if (value >= BigInt(shape.minimum ?? 0) && value < end) return value;
  const message = `\`${path}\` must be from ${shape.minimum ?? 0} to ${(end - 1n).toString()}`;
  walk.report({ code: "out-of-range", message, range });
  return invalid;
}

/** Reports a side that is not a multiple of what it must be, with the nearest ones as fixes. */
export function reportMultiple(
  path: string,
  value: number,
  multiple: number,
  minimum: number,
  fix: (near: number) => Fix,
  range: Range,
  report: Report,
): void {
  const below = Math.floor(value / multiple) * multiple;
  const nearby = [below, below + multiple].filter((near) => near >= minimum);
  if (value - below > multiple / 2) nearby.reverse();
  const message = `\`${path}\` must be a multiple of ${multiple}, such as ${nearby.join(" or ")}, not ${value}`;
  report({ code: "size-multiple", message, range, fixes: nearby.map(fix) });
}

/** Text where the schema takes words, numbers or flags. */
function wrongText(shape: Shape, ast: ScalarAst, value: string, path: string, walk: Walk): typeof invalid {
  const words = wordsOf(shape);
  if (words.length > 0) {
    reportUnknownValue(shape, words, ast, value, path, walk.report);
    return invalid;
  }
  const meant = unquoted(shape, value);
  const message = `\`${path}\` must be ${expectation(shape)}, not text`;
  const fixes = meant === undefined ? [] : [replace(ast.range, meant)];
  walk.report({ code: "wrong-type", message, range: ast.range, fixes });
  return invalid;
}

function unquoted(shape: Shape, value: string): string | undefined {
  if (branchOf(shape, "integer", "number")) return /^\d{1,15}(\.\d{1,15})?$/.test(value) ? value : undefined;
  if (/^(yes|on|True|TRUE)$/i.test(value)) return "true";
  return /^(no|off|False|FALSE)$/i.test(value) ? "false" : undefined;
}

function reportUnknownValue(
  shape: Shape,
  words: readonly string[],
  ast: ScalarAst,
  value: string,
  path: string,
  report: Report,
): void {
  const meant = nearest(value, words, otherValueNames);
  const name = `unknown ${path.split(".").at(-1)!} \`${value.slice(0, 80)}\``;
  if (meant === undefined) {
    report({ code: "unknown-value", message: `${name}; it takes ${expectation(shape)}`, range: ast.range });
  } else {
    const message = `${name}; did you mean \`${meant}\`?`;
    report({ code: "unknown-value", message, range: ast.range, fixes: [replace(ast.range, meant)] });
  }
}

/** A value of a kind the schema does not take. */
function wrongType(shape: Shape, ast: ValueAst, path: string, walk: Walk): typeof invalid {
  const written = kindOf(ast);
  const message =
    written === "empty"
      ? `\`${path}\` has no value; write ${expectation(shape)}`
      : `\`${path}\` must be ${expectation(shape)}, not ${written}`;
  const fixes =
    written !== "empty" && textBranch(shape)?.format === undefined && textBranch(shape)
      ? quote(ast.range, walk.text)
      : [];
  walk.report({ code: "wrong-type", message, range: ast.range, fixes });
  return invalid;
}

/** A fix that makes text of a value of one line. */
function quote(range: Range, text: string): Fix[] {
  const written = text.slice(range.start, range.end);
  if (/[\r\n]/.test(written)) return [];
  return [replace(range, `'${written.replaceAll("'", "''")}'`, "Put it in quotes")];
}

function kindOf(ast: ValueAst): string {
  if (ast.kind === "list") return "a list";
  if (ast.kind === "map") return "a map of keys";
  if (ast.value === null) return "empty";
  if (typeof ast.value === "boolean") return "true or false";
  if (typeof ast.value === "string") return "text";
  if (!Number.isFinite(Number(ast.value)) && typeof ast.value === "number") return ast.source;
  return "a number";
}

/** Reports a key that is not there, with the one that may be meant. */
export function reportUnknownKey(pair: PairAst, known: readonly string[], where: string, report: Report): void {
  const key = keyText(pair);
  const { range } = pair.key;
  const meant = nearest(key, known, otherKeyNames);
  const name = `unknown key \`${key.slice(0, 80)}\``;
  if (meant === undefined) report({ code: "unknown-key", message: `${name} ${where}`, range });
  else {
    const message = `${name}; did you mean \`${meant}\`?`;
    report({ code: "unknown-key", message, range, fixes: [replace(range, meant)] });
  }
}

/** Reports a key that has to be there. */
export function reportMissing(path: string, shape: Shape, range: Range, report: Report): void {
  const sentence = shape.description?.split(/\.(?: |$)/, 1)[0];
  const description = sentence ? ` (${sentence})` : "";
  report({ code: "missing-key", message: `\`${path}\` is missing${description}`, range });
}

/** The first key of a map, where a missing one is shown; the map itself when it is empty. */
export function headOf(ast: MapAst): Range {
  return ast.pairs[0]?.key.range ?? ast.range;
}

function replace(range: Range, newText: string, title = `Change to \`${newText}\``): Fix {
  return { title, edits: [{ range, newText }] };
}

function counted(n: number, what: string): string {
  return `${n} ${what}${n === 1 ? "" : "s"}`;
}

function bounds(minimum: number, maximum: number): string {
  if (minimum === maximum) return String(minimum);
  if (maximum === Infinity) return `at least ${minimum}`;
  return minimum === -Infinity ? `at most ${maximum}` : `from ${minimum} to ${maximum}`;
}

/** A value without a schema: numbers as numbers where they are exact. */
export function plainValue(ast: ValueAst): unknown {
  switch (ast.kind) {
    case "list":
      return ast.items.map(plainValue);
    case "map":
      return Object.fromEntries(ast.pairs.map((pair) => [keyText(pair), plainValue(pair.value)]));
    case "scalar":
      return typeof ast.value === "bigint" && Number.isSafeInteger(Number(ast.value)) ? Number(ast.value) : ast.value;
  }
}
