// Descriptions of keys: what they say, and that their examples are right.
import { expect, test } from "vitest";
import { parse } from "../../daemon/src/language/parse.ts";
import { describeKey, headKeys, type KeyDescription, keysOf, type Task, tasks } from "../../schemas/document/index.ts";

const line = (task: Task, path: string): string | undefined => {
  const key = describeKey(task, path);
  return (
    key && `${key.takes}; ${key.default ?? "-"}; ${key.example}; ${key.required ? "needed" : "-"}; ${key.available}`
  );
};

test.each<[task: Task, path: string, expected: string | undefined]>([
  ["image", "steps", "a whole number from 1 to 1000; -; 20; -; all"],
  ["image", "seed", "a whole number from 0 to 18446744073709551615 or `random`; random; 4; -; all"],
  ["image", "width", "a whole number from 8 to 16384, a multiple of 8; -; 512; -; all"],
  ["image", "model", "a name or path or a map; vignette; vignette; -; all"],
  ["image", "model.config", "the path of a folder; -; ./folder; needed; all"],
  ["image", "loras", "a list of up to 64, each a map; -; [{ file: ./model.safetensors }]; -; nothing"],
  ["image", "loras[3].weight", "a number from -10 to 10; 1; 1; -; nothing"],
  ["image", "memory", "a map; -; { attention: auto }; -; parts"],
  ["image", "memory.offload", "`none`, `model` or `sequential`; none; none; -; nothing"],
  ["image", "output.name", 'text of at most 200 characters; -; "{file}-{seed}"; -; all'],
  ["image", "crops_coords_top_left", "a list of 2, each a whole number from 0 to 16384; -; [1, 1]; -; nothing"],
  ["image", "title", "text of at most 1000 characters; -; Postcards; -; all"],
  ["image", "matrix.steps", "a whole number from 1 to 1000; -; 20; -; all"],
  ["image", "defaults.steps", "a whole number from 1 to 1000; -; 20; -; all"],
  ["train", "learning_rate", "a number from 0 to 10; 0.0001; 0.0001; -; nothing"],
  ["speech", "consent", "`true` or `false`; -; true; -; nothing"],
  ["image", "frames", undefined],
  ["image", "output.nothing", undefined],
  ["image", "constructor", undefined],
  ["image", "output.constructor", undefined],
])("%s: %s", (task, path, expected) => expect(line(task, path)).toBe(expected));

test("Markdown says all of it", () => {
  expect(describeKey("image", "memory.offload")?.markdown)
    .toBe(`**\`memory.offload\`** · \`none\`, \`model\` or \`sequential\`

What is kept off the device while it is not needed.

Default: \`none\`. Example: \`offload: none\`

- \`none\`: Everything stays on the device.
- \`model\`: Networks move to the device one at a time.
- \`sequential\`: Blocks move to the device one at a time: slowest, least memory.

Not available in this version.`);
});

/** The key and those in it. */
function withInner(task: Task, path: string): KeyDescription[] {
  const key = describeKey(task, path)!;
  return [key, ...key.keys.flatMap((inner) => withInner(task, `${path}.${inner}`))];
}

/** What parsing says of values; that a key is missing, or needs another, is no fault of an example. */
const ofValues = new Set([
  "yaml-syntax",
  "unknown-key",
  "unknown-value",
  "wrong-type",
  "wrong-form",
  "out-of-range",
  "size-multiple",
]);

test.each(tasks)("every key of %s is described, with an example that it takes", (task) => {
  for (const top of Object.keys(keysOf(task)).filter((key) => key !== "task")) {
    for (const { path, description, example } of withInner(task, top)) {
      expect(description, path).not.toBe("");
      const wrong = parse(textOf(task, path, example)).diagnostics.filter(({ code }) => ofValues.has(code));
      expect(wrong, `${path}: ${example}`).toEqual([]);
    }
  }
});

test("every key at the top has an example that it takes", () => {
  for (const key of Object.keys(headKeys)) {
    const text = `${key}: ${describeKey("image", key)!.example}\n${key === "diffusion" ? "" : "diffusion: 1\n"}`;
    expect(
      parse(text).diagnostics.filter(({ code }) => ofValues.has(code)),
      text,
    ).toEqual([]);
  }
});

/** A file with the example at its place; a list where the key around is one. */
function textOf(task: Task, path: string, example: string): string {
  const [top = "", ...rest] = path.split(".");
  const inner = rest.reduceRight((value, key) => `{${key}: ${value}}`, example);
  const isList = rest.length > 0 && describeKey(task, top)!.takes.startsWith("a list");
  return `diffusion: 1\ntask: ${task}\n${top}: ${isList ? `[${inner}]` : inner}\n`;
}
