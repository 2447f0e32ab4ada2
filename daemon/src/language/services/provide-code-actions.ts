// Code actions: the fixes that diagnostics carry, and keys that are missing.
import { keysOf, requiredKeysOf } from "../../../../schemas/document/index.ts";
import type { Edit } from "../diagnostics.ts";
import type { ParsedNode, ParseResult } from "../parse.ts";
import { keyShape } from "../shape.ts";
import { positionAt, type Range } from "../source.ts";
import { examplesOf } from "./describe.ts";
import type { Problem } from "./provide-diagnostics.ts";

/** A change that mends a problem. */
export interface CodeAction {
  readonly title: string;
  readonly edits: readonly Edit[];
  readonly problem: Problem;
  /** The only way to mend it: what an editor may do by itself. */
  readonly isPreferred: boolean;
}

/** The actions for problems that touch a range. */
export function provideCodeActions(document: ParseResult, within: Range, problems: readonly Problem[]): CodeAction[] {
  return problems
    .filter(({ range, place }) => !place && range.start <= within.end && range.end >= within.start)
    .flatMap((problem) => {
      const fixes = [...(problem.fixes ?? []), ...missingKeyFixes(document, problem)];
      return fixes.map(({ title, edits }) => ({ title, edits, problem, isPreferred: fixes.length === 1 }));
    });
}

function missingKeyFixes(document: ParseResult, { code, range, message }: Problem): { title: string; edits: Edit[] }[] {
  const key = code === "missing-key" ? /^`([a-z_0-9]+)` is missing/.exec(message)?.[1] : undefined;
  const node = document.nodes.find(({ nameRange }) => nameRange.start === range.start && nameRange.end === range.end);
  if (key === undefined || !node?.task || !isNeeded(node, key)) return [];
  return [{ title: `Write \`${key}\``, edits: [insertion(document, node, key)] }];
}

function isNeeded(node: ParsedNode, key: string): boolean {
  return (
    keyShape(keysOf(node.task!), key) !== undefined &&
    (requiredKeysOf(node.task!).includes(key) || !node.entries.has(key))
  );
}

/** The key with an example before the node's first key, in the node's own style. */
function insertion({ text, lines }: ParseResult, node: ParsedNode, key: string): Edit {
  const example = examplesOf(keyShape(keysOf(node.task!), key) ?? {}).find(
    (each) => typeof each === "string" || typeof each === "number",
  );
  const entry = `${key}: ${example === undefined ? '""' : String(example)}`;
  const first = node.map.pairs.find(({ key: { range } }) => range.start >= node.nameRange.start);
  if (!first) {
    const indent = " ".repeat(positionAt(lines, node.nameRange.start).character + 2);
    const at =
      node.map.range.start === node.map.range.end ? colonEnd(text, node.nameRange.end) : node.map.range.start + 1;
    return {
      range: { start: at, end: at },
      newText: text[node.map.range.start] === "{" ? entry : `\n${indent}${entry}`,
    };
  }
  const at = first.key.range.start;
  const { character } = positionAt(lines, at);
  const inFlow = /[{,]\s*$/.test(text.slice(node.range.start, at));
  return { range: { start: at, end: at }, newText: inFlow ? `${entry}, ` : `${entry}\n${" ".repeat(character)}` };
}

function colonEnd(text: string, offset: number): number {
  const colon = text.indexOf(":", offset);
  return colon < 0 ? offset : colon + 1;
}
