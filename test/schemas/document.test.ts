// The document's schema: its generated copies are fresh, every key is described, and types follow from it.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { Compile, type XSchema } from "typebox/schema";
import { expect, expectTypeOf, test } from "vitest";
import { parse } from "yaml";
import type { samplers } from "../../schemas/document/index.ts";
import { availability, headKeys, keysOf, tasks, type ImageNode } from "../../schemas/document/index.ts";
import { documentJsonSchema } from "../../schemas/document/json-schema.ts";
import { generate } from "../../schemas/generate.ts";

test("generated files are fresh (node schemas/generate.ts)", async () => {
  for (const [name, content] of Object.entries(await generate())) {
    expect(readFileSync(new URL(`../../${name}`, import.meta.url), "utf8")).toBe(content);
  }
});

test.each(tasks)("every key of %s has a hover text of one to three sentences", (task) => {
  for (const [key, schema] of Object.entries({ ...headKeys, ...keysOf(task) })) {
    const description = (schema as { description?: string }).description ?? "";
    expect(description, key).toMatch(/^.{3,300}$/);
  }
});

const folder = (path: string) => fileURLToPath(new URL(`../../${path}/`, import.meta.url));
const filesOf = (path: string) =>
  readdirSync(folder(path))
    .filter((name) => name.endsWith(".diffusion")) // beside a folder of results
    .map((name) => `${path}/${name}`);
const jsonSchema = Compile(documentJsonSchema() as XSchema);

/** A file as other tools read it: numbers are doubles. */
function readPlainly(path: string): unknown {
  return parse(readFileSync(folder("") + path, "utf8"), { uniqueKeys: false });
}

test.each(
  [...filesOf("media/examples"), ...filesOf("test/language/examples")].filter((path) => !path.includes("models")),
)("the JSON Schema takes %s", (path) => expect(jsonSchema.Errors(readPlainly(path))[1]).toEqual([]));

test.each([
  "unknown-key/misspelt",
  "unknown-key/beside-workflow",
  "unknown-value",
  "out-of-range/numbers",
  "wrong-type/text",
  "missing-key/prompt",
  "newer-version/next",
])("the JSON Schema refuses %s", (name) =>
  expect(jsonSchema.Check(readPlainly(`test/language/${name}.diffusion`))).toBe(false),
);

test("what can run is a key of its task", () => {
  for (const path of availability.image ?? []) expect(keysOf("image")).toHaveProperty(path.split(".")[0]!);
});

test("types follow from the schema", () => {
  expectTypeOf<ImageNode["seed"]>().toEqualTypeOf<bigint | "random" | undefined>();
  expectTypeOf<ImageNode["prompt"]>().toEqualTypeOf<string>();
  expectTypeOf<NonNullable<ImageNode["sampler"]>>().toEqualTypeOf<keyof typeof samplers>();
});
