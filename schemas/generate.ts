// The generated copies of the schemas. `node schemas/generate.ts` writes them; a test fails when they are stale.
import { mkdirSync, writeFileSync } from "node:fs";
import { format } from "prettier";
import { documentJsonSchema } from "./document/json-schema.ts";
import { formatReference } from "./format-reference.ts";
import { diffusionGrammar } from "./grammar/grammar.ts";

/** Every generated file, by its path from the root. */
export async function generate(): Promise<Record<string, string>> {
  return {
    "schemas/diffusion.schema.json": await json(documentJsonSchema()),
    "schemas/diffusion.tmLanguage.json": await json(diffusionGrammar()),
    "docs/FORMAT.md": formatReference(),
  };
}

function json(value: object): Promise<string> {
  return format(JSON.stringify(value), { parser: "json", printWidth: 120 });
}

if (import.meta.main) {
  for (const [path, content] of Object.entries(await generate())) {
    const file = new URL(`../${path}`, import.meta.url);
    mkdirSync(new URL(".", file), { recursive: true });
    writeFileSync(file, content);
  }
}
