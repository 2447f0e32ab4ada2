// The published JSON Schema against our own reading of every fixture: one refuses what the other does, but for what a schema
// of plain data cannot say.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Ajv2020 } from "ajv/dist/2020.js";
import { describe, expect, test } from "vitest";
import { parse as readYaml } from "yaml";
import type { DiagnosticCode } from "../../daemon/src/language/diagnostic-codes.ts";
import { parse } from "../../daemon/src/language/parse.ts";

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
