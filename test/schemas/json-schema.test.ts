// The published JSON Schema against our own reading of every fixture: one refuses what the other does, but for what a schema
// of plain data cannot say.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse as readYaml } from "yaml";
import type { DiagnosticCode } from "../../daemon/src/language/diagnostic-codes.ts";
import { parse } from "../../daemon/src/language/parse.ts";
import { describeKey, keysOf, type Task, tasks } from "../../schemas/document/index.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const schema = JSON.parse(readFileSync(`${root}schemas/diffusion.schema.json`, "utf8")) as object;
// Editors show `patternErrorMessage`; it is no word of the standard.
const ajv = new Ajv2020({ strictTypes: false, allErrors: true, keywords: ["patternErrorMessage"] });
const accepts = ajv.compile(schema);

/** Problems of text, not of data: with them there is nothing to compare. */
const ofText: ReadonlySet<DiagnosticCode> = new Set([
  "yaml-syntax",
  "yaml-feature",
  "too-deep",
  "too-many-aliases",
  "unknown-alias",
]);

/** What a JSON Schema cannot say: that keys are written once, and what keys, names and variables have to do with each other. */
const beyondSchemas: ReadonlySet<DiagnosticCode> = new Set([
  "duplicate-key",
  "conflicting-keys",
  "unknown-variable",
  "unknown-node",
  "cycle",
  "wrong-override",
  "not-available",
]);

/** Fixtures on which the two differ all the same, and why. */
const differences: Readonly<Record<string, string>> = {
  "missing-key/by-method": "what `train` needs depends on its method",
  "missing-key/consent": "`consent` is needed by the value of another key",
  "missing-key/in-workflow": "what a node lacks may stand in `defaults`",
  "out-of-range/seed": "2^64 and the largest seed are the same double",
  "size-multiple-in-one": "the sides of a size are numbers inside a text",
  "unknown-key/matrix": "the rows of a matrix are checked by the keys they are for",
};

const fixtures = ["test/language", "media/examples"].flatMap((folder) =>
  readdirSync(root + folder, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".diffusion"))
    .map((name) => {
      const text = readFileSync(`${root}${folder}/${name}`, "utf8").replace(/^# (run )?(error|warning)\[.*\n?/gm, "");
      const errors = parse(text).diagnostics.filter(({ severity }) => severity === "error");
      return {
        name: name.replaceAll("\\", "/").replace(".diffusion", ""),
        text,
        codes: errors.map(({ code }) => code),
      };
    }),
);
const comparable = fixtures.filter(({ codes }) => !codes.some((code) => ofText.has(code)));

/** Whether the schema takes the text, read as other tools read it: numbers are doubles. */
function taken(text: string): boolean {
  return accepts(readYaml(text, { uniqueKeys: false }));
}

test.each(comparable.filter(({ name }) => !Object.hasOwn(differences, name)))(
  "$name: ours and the JSON Schema agree",
  ({ text, codes }) => {
    const ours = codes.filter((code) => !beyondSchemas.has(code));
    expect(taken(text), `ours: ${ours.join(", ")}; the schema's: ${ajv.errorsText(accepts.errors)}`).toBe(
      ours.length === 0,
    );
  },
);

test.each(Object.entries(differences))("%s differs: %s", (name) => {
  const { text, codes } = comparable.find((fixture) => fixture.name === name)!;
  expect(codes).not.toEqual([]);
  expect(taken(text)).toBe(true);
});

test("enough is compared", () => expect(comparable.length).toBeGreaterThan(60));

/** What the rules between keys ask for beside every key of a task. */
const company: Readonly<{ [T in Task]?: string }> = {
  speech: "consent: true\n",
  train: "model: vignette\nclass_prompt: a\n",
  sample: "image: x.png\n",
};

const values =
  "0 -1 1 1.5 1.0 7 8 100000 1e3 x '' true ~ [] {} [1] [x] [[1]] {a: 1} {file: x} 512x768 6GB random none '1' .inf .nan 0x10 $x 2024-01-01"
    .match(/\{[^}]*\}|\S+/g)!
    .concat("");

test.each(tasks)("every key of %s takes and refuses the same values in both", (task) => {
  const keys = Object.keys(keysOf(task)).filter((key) => key !== "task");
  const needed = keys.filter((key) => describeKey(task, key)!.required);
  let refused = 0;
  for (const key of [...keys, "title", "usage", "vars", "defaults"]) {
    const others =
      needed.map((other) => `${other}: ${describeKey(task, other)!.example}\n`).join("") + (company[task] ?? "");
    const beside = others.replace(new RegExp(`^${key}: .*\n`, "m"), "");
    for (const path of [key, ...describeKey(task, key)!.keys.map((inner) => `${key}.${inner}`)]) {
      for (const value of values) {
        const text = `diffusion: 1\ntask: ${task}\n${beside}${written(task, path, value)}`;
        const errors = parse(text).diagnostics.filter((d) => d.severity === "error" && !beyondSchemas.has(d.code));
        expect(taken(text), `${text}\n${errors.map(({ message }) => message).join("\n")}`).toBe(errors.length === 0);
        refused += Number(errors.length > 0);
      }
    }
  }
  expect(refused).toBeGreaterThan(100);
});

/** The value at the path; in a list where the key is one. */
function written(task: Task, path: string, value: string): string {
  const [key = "", inner] = path.split(".");
  const map = inner === undefined ? value : `{${inner}: ${value}}`;
  return `${key}: ${inner !== undefined && describeKey(task, key)!.takes.startsWith("a list") ? `[${map}]` : map}\n`;
}

describe("one change to a file that is right", () => {
  const right =
    "diffusion: 1\ntask: image\nprompt: a\nsteps: 20\nsize: 512x768\nmemory: {vae: tiled}\nloras: [{file: x, weight: 1}]\n";
  test.each<[change: string, from: string, to: string, isRight: boolean]>([
    ["nothing", "", "", true],
    ["a variable for a number", "20", '"${n}"', true],
    ["a variable for a word", "tiled", '"${v}"', true],
    ["a variable for a size", "512x768", "${w}x512", true],
    ["a variable for a number in a list", "weight: 1", 'weight: "${n}"', true],
    ["a variable for a map", "{vae: tiled}", '"${m}"', false],
    ["text for a number", "20", "twenty", false],
    ["a number too large", "20", "1001", false],
    ["no whole number", "20", "2.5", false],
    ["another word", "tiled", "tilde", false],
    ["a key too many inside", "vae", "vea", false],
    ["a key too many", "steps", "stepz", false],
    ["a key of another task", "steps", "frames", false],
    ["no prompt", "prompt: a\n", "", false],
    ["no version", "diffusion: 1\n", "", false],
    ["another task", "task: image", "task: upscale", false],
    ["an item without its file", "{file: x, weight: 1}", "{weight: 1}", false],
    ["nodes without any", "prompt: a\n", "workflow: {}\n", false],
  ])("%s", (_change, from, to, isRight) => expect(taken(right.replace(from, to))).toBe(isRight));
});

test("empty values are empty maps to both", () => {
  const text = "diffusion: 1\nvars:\ndefaults: {prompt: a}\nworkflow:\n  a:\n";
  expect(parse(text).diagnostics).toEqual([]);
  expect(taken(text)).toBe(true);
});
