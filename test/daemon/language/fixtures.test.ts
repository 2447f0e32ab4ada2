// Every file of test/language against the diagnostics in its trailing comments; UPDATE_EXPECT=1 rewrites them.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { diagnosticCodes } from "../../../daemon/src/language/diagnostic-codes.ts";
import type { Diagnostic, Fix } from "../../../daemon/src/language/diagnostics.ts";
import { applySet } from "../../../daemon/src/language/parse.ts";
import { resolve } from "../../../daemon/src/language/resolve.ts";
import { lineStarts, positionAt } from "../../../daemon/src/language/source.ts";

const folder = fileURLToPath(new URL("../../language/", import.meta.url));
const fixtures = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((name) =>
  name.endsWith(".diffusion"),
);
const expectation = /^# (run )?(error|warning|information|hint)\[.*\n?/gm;

/** Reads `# set: key=value` lines, then compares what checking says, and what only running says (`run`). */
function check(path: string): void {
  const written = readFileSync(path, "utf8");
  const text = written.replace(expectation, "");
  const sets = [...text.matchAll(/^# set: (.*)$/gm)].map(([, set]) => set!);
  const result = applySet(text, sets);
  const running = resolve(result).diagnostics.filter((d) => !result.diagnostics.includes(d));
  const found = [...result.diagnostics.map((d) => show(d, text, "")), ...running.map((d) => show(d, text, "run "))];
  const expected = text + found.map((line) => `# ${line}\n`).join("");
  if (process.env["UPDATE_EXPECT"]) writeFileSync(path, expected);
  else expect(written).toBe(expected);
}

function show({ code, severity, message, range, fixes, place }: Diagnostic, text: string, prefix: string): string {
  const counted = place?.text ?? text;
  const at = place ? `${place.name} ${place.text} ` : "";
  const help = (fixes ?? []).map((fix) => ` (${fix.title})`).join("");
  return `${prefix}${severity}[${code}] ${at}${point(counted, range.start)}-${point(counted, range.end)}: ${message}${help}`;
}

/** Line and column, both from 1, the column in UTF-16 units. */
function point(text: string, offset: number): string {
  const { line, character } = positionAt(lineStarts(text), offset);
  return `${line + 1}:${character + 1}`;
}

test.each(fixtures)("%s", (name) => check(`${folder}/${name}`));

test.each(fixtures)("the fixes of %s mend what they are for", (name) => {
  const text = readFileSync(`${folder}/${name}`, "utf8").replace(expectation, "");
  const { diagnostics } = applySet(text, []);
  for (const { code, message, fixes } of diagnostics) {
    for (const fix of fixes ?? []) {
      const after = applySet(applyFix(text, fix), []).diagnostics.map((d) => `${d.code} ${d.message}`);
      const before = diagnostics.map((d) => `${d.code} ${d.message}`);
      expect(count(after, `${code} ${message}`)).toBeLessThan(count(before, `${code} ${message}`));
    }
  }
});

function applyFix(text: string, fix: Fix): string {
  const edits = fix.edits.toSorted((a, b) => b.range.start - a.range.start);
  return edits.reduce(
    (mended, { range, newText }) => mended.slice(0, range.start) + newText + mended.slice(range.end),
    text,
  );
}

function count(lines: readonly string[], line: string): number {
  return lines.filter((other) => other === line).length;
}

test("every code is in a fixture, of a file or of a prompt, or in limits.test.ts", () => {
  const prompts = fileURLToPath(new URL("../../prompts/", import.meta.url));
  const paths = [
    ...fixtures.map((name) => `${folder}/${name}`),
    ...readdirSync(prompts).map((name) => `${prompts}/${name}`),
  ];
  const text = paths.map((path) => readFileSync(path, "utf8")).join("\n");
  const elsewhere = ["too-large", "too-many-problems"];
  const missing = Object.keys(diagnosticCodes).filter(
    (code) => !text.includes(`[${code}]`) && !elsewhere.includes(code),
  );
  expect(missing).toEqual([]);
});
