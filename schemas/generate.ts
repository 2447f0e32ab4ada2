// The generated copies of the schemas. `node schemas/generate.ts` writes them; a test fails when they are stale.
import { writeFileSync } from "node:fs";
import { format } from "prettier";
import { documentJsonSchema } from "./document/json-schema.ts";

/** Every generated file, by its name in this folder. */
export async function generate(): Promise<Record<string, string>> {
  const schema = await format(JSON.stringify(documentJsonSchema()), { parser: "json", printWidth: 120 });
  return { "diffusion.schema.json": schema };
}

if (import.meta.main) {
  for (const [name, content] of Object.entries(await generate())) {
    writeFileSync(new URL(name, import.meta.url), content);
  }
}
