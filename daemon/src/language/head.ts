// The keys at the top of a file: version, title, usage, vars, defaults.
import { formatVersion, headKeys } from "../../../schemas/document/index.ts";
import { findPair, type MapAst, type ValueAst } from "./ast.ts";
import type { Report } from "./diagnostics.ts";
import { mapOf } from "./entries.ts";
import { keyShape } from "./shape.ts";
import type { Range } from "./source.ts";
import { checkValue, invalid } from "./validate.ts";

/** The line that every file begins with. */
export const versionLine = `diffusion: ${formatVersion}`;

/** What stands at the top. Wrong values are reported and left out. */
export interface Head {
  readonly title?: unknown;
  readonly usage?: unknown;
  readonly vars?: MapAst;
  readonly defaults?: MapAst;
}

/** Checks the version. False when the file is of another version and nothing more can be said about it. */
export function checkVersion(root: MapAst, text: string, report: Report): boolean {
  const pair = findPair(root, "diffusion");
  if (!pair) {
    reportMissingVersion(text, root.range, report);
    return true;
  }
  const version = pair.value.kind === "scalar" ? pair.value.value : undefined;
  if (Number(version) === formatVersion && typeof version !== "string" && typeof version !== "boolean") return true;
  const { range } = pair.value;
  if (typeof version === "bigint" && version > formatVersion) {
    const message = `this file is written in version ${version.toString().slice(0, 20)} of the format, and this program reads version ${formatVersion}; update it`;
    report({ code: "newer-version", message, range });
    return false;
  }
  const fixes = [{ title: `Change to \`${formatVersion}\``, edits: [{ range, newText: String(formatVersion) }] }];
  const message = `the version of the format is ${formatVersion}: write \`${versionLine}\``;
  report({ code: "wrong-type", message, range, fixes });
  return true;
}

/** Reports that the first line is missing, with the fix that writes it. */
export function reportMissingVersion(text: string, at: Range, report: Report): void {
  const start = text.startsWith("\uFEFF") ? 1 : 0;
  const fixes = [
    { title: `Write \`${versionLine}\``, edits: [{ range: { start, end: start }, newText: `${versionLine}\n` }] },
  ];
  const message = `a file begins with \`${versionLine}\`, the version of the format`;
  report({ code: "missing-version", message, range: { start: at.start, end: at.start }, fixes });
}

/** Checks the other keys at the top. */
export function readHead(root: MapAst, text: string, report: Report): Head {
  const title = headValue(root, "title", text, report);
  const usage = headValue(root, "usage", text, report);
  headValue(root, "vars", text, report);
  return { title, usage, ...mapAt(root, "vars", () => undefined), ...mapAt(root, "defaults", report) };
}

function headValue(root: MapAst, key: string, text: string, report: Report): unknown {
  const pair = findPair(root, key);
  if (!pair || (key === "vars" && isEmpty(pair.value))) return undefined;
  const value = checkValue(keyShape(headKeys, key) ?? {}, pair.value, key, { text, report, references: [] });
  return value === invalid ? undefined : value;
}

function mapAt(root: MapAst, key: "vars" | "defaults", report: Report): Partial<Record<typeof key, MapAst>> {
  const pair = findPair(root, key);
  const map = pair && mapOf(pair.value, key, report);
  return map ? { [key]: map } : {};
}

function isEmpty(ast: ValueAst): boolean {
  return ast.kind === "scalar" && ast.value === null;
}
