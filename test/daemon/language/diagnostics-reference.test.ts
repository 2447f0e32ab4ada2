// docs/DIAGNOSTICS.md: every code with its meaning and an example from test/language or test/prompts.
// UPDATE_EXPECT=1 npx vitest run test/daemon/language/diagnostics-reference.test.ts writes it.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { diagnosticCodes } from "../../../daemon/src/language/diagnostic-codes.ts";
import type { Diagnostic } from "../../../daemon/src/language/diagnostics.ts";
import { formatDiagnostic } from "../../../daemon/src/language/format-diagnostic.ts";
import { applySet } from "../../../daemon/src/language/parse.ts";
import { resolve } from "../../../daemon/src/language/resolve.ts";

const root = fileURLToPath(new URL("../../../", import.meta.url));
/** A diagnostic of a fixture, and the text it is about. */
interface Example {
  readonly fixture: string;
  readonly diagnostic: Diagnostic;
  readonly text: string;
}

function fixturesIn(folder: string, ending: string): { name: string; written: string }[] {
  return readdirSync(root + folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(ending))
    .map((name) => ({ name: name.replaceAll("\\", "/"), written: readFileSync(`${root}${folder}/${name}`, "utf8") }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** What is said of the files of test/language. */
function ofFiles(): Example[] {
  return fixturesIn("test/language", ".diffusion").flatMap(({ name, written }) => {
    const text = written.replace(/^# (run )?(error|warning|information|hint)\[.*\n?/gm, "");
    const sets = [...text.matchAll(/^# set: (.*)$/gm)].map(([, set]) => set!);
    return resolve(applySet(text, sets)).diagnostics.map((diagnostic) => ({ fixture: name, diagnostic, text }));
  });
}

/** What the files of test/prompts say of the prompts in them. */
function ofPrompts(): Example[] {
  const problem = /^(error|warning|information|hint)\[([\w-]+)\] (\d+)-(\d+): (.*)$/gm;
  return fixturesIn("test/prompts", ".txt").flatMap(({ name, written }) =>
    written.split(/\n\n(?=> )/).flatMap((block) => {
      const text = [...block.matchAll(/^> (.*)$/gm)].map(([, line]) => line!).join("\n");
      return [...block.matchAll(problem)].map(([, severity, code, start, end, message]) => {
        const range = { start: Number(start), end: Number(end) };
        return { fixture: name, diagnostic: { severity, code, message, range } as Diagnostic, text };
      });
    }),
  );
}

/** The first diagnostic of each code, as the command shows it. Fixtures named after the code come first. */
function examples(): Map<string, string> {
  const all = [
    ...ofFiles().map((example) => ({ ...example, file: "my.diffusion" })),
    ...ofPrompts().map((example) => ({ ...example, file: "prompt" })),
  ];
  const named = all.filter(({ fixture, diagnostic }) => fixture.startsWith(diagnostic.code));
  return new Map(
    [...named, ...all]
      .toReversed()
      .map(({ diagnostic, file, text }) => [diagnostic.code, formatDiagnostic(diagnostic, { file, text })]),
  );
}

/** The reference of all codes, as Markdown. */
function reference(): string {
  const shown = examples();
  const sections = Object.entries(diagnosticCodes).map(([code, meaning]) => {
    const example = shown.get(code);
    return [`## ${code}`, meaning, ...(example === undefined ? [] : [`\`\`\`text\n${example}\n\`\`\``])].join("\n\n");
  });
  return `${[introduction, ...sections].join("\n\n")}\n`;
}

const introduction = `# Diagnostics

<!-- Made from daemon/src/language/diagnostic-codes.ts, test/language and test/prompts by
\`UPDATE_EXPECT=1 npx vitest run test/daemon/language/diagnostics-reference.test.ts\`; change it there. -->

What \`diffusion check\`, \`diffusion run\` and the editor say of a file. Every problem carries one of these codes; they stay
the same from version to version, so that scripts can rely on them.`;

/** Of what is too large to be shown. */
const withoutExample = ["too-large", "too-many-problems"];

test("every code has an example, except for what is too large to show", () => {
  const shown = examples();
  expect(Object.keys(diagnosticCodes).filter((code) => !shown.has(code))).toEqual(withoutExample);
});

test("docs/DIAGNOSTICS.md is fresh (UPDATE_EXPECT=1 npx vitest run test/daemon/language/diagnostics-reference.test.ts)", () => {
  const path = `${root}docs/DIAGNOSTICS.md`;
  if (process.env["UPDATE_EXPECT"]) writeFileSync(path, reference());
  else expect(readFileSync(path, "utf8")).toBe(reference());
});
