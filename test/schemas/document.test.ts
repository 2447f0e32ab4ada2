// The document's schema: its generated copies are fresh, every key is described, and types follow from it.
import { readFileSync } from "node:fs";
import { expect, expectTypeOf, test } from "vitest";
import type { samplers} from "../../schemas/document/index.ts";
import { availability, headKeys, keysOf, tasks, type ImageNode } from "../../schemas/document/index.ts";
import { generate } from "../../schemas/generate.ts";

test("generated files are fresh (node schemas/generate.ts)", async () => {
  for (const [name, content] of Object.entries(await generate())) {
    expect(readFileSync(new URL(`../../schemas/${name}`, import.meta.url), "utf8")).toBe(content);
  }
});

test.each(tasks)("every key of %s has a hover text of one to three sentences", (task) => {
  for (const [key, schema] of Object.entries({ ...headKeys, ...keysOf(task) })) {
    const description = (schema as { description?: string }).description ?? "";
    expect(description, key).toMatch(/^.{3,300}$/);
  }
});

test("the largest seed is in range in the JSON Schema, and one more is not", () => {
  const seed = (keysOf("image")["seed"] as { anyOf?: { exclusiveMaximum?: number }[] }).anyOf?.[0];
  expect(BigInt(seed?.exclusiveMaximum ?? 0)).toBe(2n ** 64n);
});

test("what can run is a key of its task", () => {
  for (const path of availability.image ?? []) expect(keysOf("image")).toHaveProperty(path.split(".")[0]!);
});

test("types follow from the schema", () => {
  expectTypeOf<ImageNode["seed"]>().toEqualTypeOf<bigint | "random" | undefined>();
  expectTypeOf<ImageNode["prompt"]>().toEqualTypeOf<string>();
  expectTypeOf<NonNullable<ImageNode["sampler"]>>().toEqualTypeOf<keyof typeof samplers>();
});
