// `--set key=value`: what the command line lays over a file.
import { keysOf, type Task } from "../../../schemas/document/index.ts";
import type { MapAst, PairAst, ScalarAst, ValueAst } from "./ast.ts";
import { collector, type Place, type Report, reportIn } from "./diagnostics.ts";
import { matrixRowShape } from "./entries.ts";
import { branchOf, keyShape, type Shape, textBranch } from "./shape.ts";
import type { Range } from "./source.ts";
import { readYaml } from "./yaml.ts";

/** One `--set`, split but not yet understood. */
export interface Argument {
  /** The key, split at dots: `final.steps` is two. */
  readonly path: readonly string[];
  readonly value: string;
  /** Where the value begins in `place.text`. */
  readonly valueStart: number;
  readonly pathRange: Range;
  readonly place: Place;
}

/** Splits `key=value`. What is not written so is reported and left out. */
export function parseArguments(sets: readonly string[], report: Report): Argument[] {
  return sets.flatMap((text) => parseArgument(text, report) ?? []);
}

function parseArgument(text: string, report: Report): Argument | undefined {
  const place = { name: "--set", text };
  const equals = text.indexOf("=");
  const path = text.slice(0, Math.max(equals, 0)).trim().split(".");
  if (equals > 0 && path.every((part) => part !== "")) {
    return { path, value: text.slice(equals + 1), valueStart: equals + 1, pathRange: { start: 0, end: equals }, place };
  }
  const message = "write `--set key=value`, or `--set node.key=value`";
  reportIn(place, report)({ code: "wrong-override", message, range: { start: 0, end: text.length } });
  return undefined;
}

/** The argument as a key and value of a node, its value read as the key's schema wants it. */
export function argumentPair(argument: Argument, path: readonly string[], task: Task): PairAst {
  return nest(argument, path, argumentValue(argument, shapeAt(task, path)));
}

function nest(argument: Argument, path: readonly string[], value: ValueAst): PairAst {
  const [key, ...rest] = path;
  const keyAst: ScalarAst = { ...scalarOf(argument, key!), range: argument.pathRange };
  if (rest.length === 0) return { key: keyAst, value };
  const inner: MapAst = { kind: "map", pairs: [nest(argument, rest, value)], range: value.range };
  return { key: keyAst, value: inner };
}

function shapeAt(task: Task, path: readonly string[]): Shape | undefined {
  const [key, ...rest] = path;
  if (key === "matrix") return matrixRowShape(task, rest[0] ?? "");
  const outer = keyShape(keysOf(task), key!);
  return rest.reduce<Shape | undefined>((shape, part) => shape?.properties && keyShape(shape.properties, part), outer);
}

/** Text stays as it is written, so that a prompt needs no quotes inside the shell's; all else is read as YAML. */
export function argumentValue(argument: Argument, shape: Shape | undefined): ValueAst {
  const written = argument.value.trimStart();
  const collection =
    shape &&
    ((written.startsWith("{") && branchOf(shape, "object")) || (written.startsWith("[") && branchOf(shape, "array")));
  if (shape && textBranch(shape) && !collection && !/^(["']).*\1$/s.test(written)) {
    return scalarOf(argument, argument.value);
  }
  return readValue(argument);
}

/** Reads the value as YAML; what is no YAML is text. */
function readValue(argument: Argument): ValueAst {
  const { diagnostics, report } = collector();
  const ast = readYaml(" ".repeat(argument.valueStart) + argument.value, report);
  if (ast && diagnostics.length === 0) return ast;
  return argument.value.trim() === "" ? { ...scalarOf(argument, ""), value: null } : scalarOf(argument, argument.value);
}

function scalarOf(argument: Argument, value: string): ScalarAst {
  const range = { start: argument.valueStart, end: argument.place.text.length };
  return { kind: "scalar", value, source: value, style: "argument", range };
}
