// Documents resolved to what runs: layers, exact seeds, sizes, variables, --set, order, the text kept for records.
import { readdirSync, readFileSync } from "node:fs";
import { expect, expectTypeOf, test } from "vitest";
import { applySet, parse } from "../../../daemon/src/language/parse.ts";
import { resolve, type RunnableNode } from "../../../daemon/src/language/resolve.ts";

/** The nodes of a text that has no problems at all. */
function nodesOf(text: string, sets: readonly string[] = [], only?: readonly string[]): readonly RunnableNode[] {
  const { nodes, diagnostics } = resolve(applySet(text, sets), only);
  expect(diagnostics).toEqual([]);
  return nodes;
}

const filled = {
  task: "image",
  model: "vignette",
  seed: "random",
  count: 1,
  device: "auto",
  precision: "auto",
  compat: "diffusers",
  prompt: "a cat",
  output: { name: "{file}-{index}", format: "png", quality: 90, metadata: "full" },
  memory: { attention: "auto", vae: "auto", offload: "none" },
};

test.each<[title: string, text: string, sets: string[], expected: object]>([
  ["the shortest file", "prompt: a cat", [], filled],
  ["the largest seed, exactly", "prompt: a cat\nseed: 18446744073709551615", [], { seed: 18446744073709551615n }],
  ["a seed beyond 2^53, exactly", "prompt: a cat\nseed: 9007199254740993", [], { seed: 9007199254740993n }],
  ["a seed in hexadecimal", "prompt: a cat\nseed: 0xFF", [], { seed: 255n }],
  ["a seed that is random", "prompt: a cat\nseed: random", [], { seed: "random" }],
  [
    "whole numbers written as decimals",
    "prompt: a cat\nsteps: 20.0\nguidance_scale: 5",
    [],
    { steps: 20, guidance_scale: 5 },
  ],
  ["a size as its sides", "prompt: a cat\nsize: 512x768", [], { width: 512, height: 768 }],
  ["a part of a group", "prompt: a cat\noutput: {format: webp}", [], { output: { ...filled.output, format: "webp" } }],
  ["the bundled model replaced", "prompt: a cat\nmodel: ./m", [], { model: "./m" }],
  [
    "a single file with its folder",
    "prompt: a cat\nmodel: {file: a, config: b}",
    [],
    { model: { file: "a", config: "b" } },
  ],
  ["an empty prompt", 'prompt: ""', [], { prompt: "" }],
  ["defaults in a file of one node", "defaults: {steps: 5, prompt: a cat}", [], { steps: 5 }],
  ["a variable as text", "vars: {a: cat, b: 'a ${a}'}\nprompt: a ${b}!", [], { prompt: "a a cat!" }],
  ["a variable with its type", "vars: {n: 7}\nprompt: a cat\nsteps: ${n}", [], { steps: 7 }],
  ["a number in text as it is written", "vars: {n: 1.50}\nprompt: cost ${n}", [], { prompt: "cost 1.50" }],
  [
    "--set over the file",
    "prompt: a cat\nsteps: 9",
    ["steps=10", "seed=18446744073709551615"],
    { steps: 10, seed: 2n ** 64n - 1n },
  ],
  ["--set twice, the last wins", "prompt: a cat", ["steps=10", "steps=11"], { steps: 11 }],
  ["--set of text keeps it as it is", "prompt: a cat", ["prompt=42: [a] # b"], { prompt: "42: [a] # b" }],
  ["--set of quoted text", "prompt: a cat", ['prompt="a b"'], { prompt: "a b" }],
  ["--set with = in the value", "prompt: a cat", ["prompt=a=b"], { prompt: "a=b" }],
  ["--set of a missing key", "steps: 3", ["prompt=a cat"], { prompt: "a cat", steps: 3 }],
  [
    "--set inside a group",
    "prompt: a cat\nmemory: {attention: sliced}",
    ["memory.vae=tiled"],
    { memory: { attention: "sliced", vae: "tiled", offload: "none" } },
  ],
  ["--set of a side over a size", "prompt: a cat\nsize: 64x64", ["width=128", "height=96"], { width: 128, height: 96 }],
  ["--set of a size over sides", "prompt: a cat\nwidth: 64\nheight: 64", ["size=128x96"], { width: 128, height: 96 }],
  ["--set of a model", "prompt: a cat", ["model={file: a, config: b}"], { model: { file: "a", config: "b" } }],
  ["--set of a variable", "vars: {x: cat}\nprompt: a ${x}", ["vars.x=dog"], { prompt: "a dog" }],
  ["--set with a variable in it", "vars: {x: cat}\nprompt: no", ["prompt=a ${x}"], { prompt: "a cat" }],
])("%s", (_title, text, sets, expected) => {
  const [node] = nodesOf(`diffusion: 1\n${text}\n`, sets);
  expect(node?.name).toBe("main");
  expect(node?.keys).toMatchObject(expected);
  expect(node?.keys).not.toHaveProperty("size");
});

const workflow = `diffusion: 1
defaults: {steps: 5, width: 64, height: 64, output: {format: webp}}
workflow:
  draft: {prompt: a cat, seed: 1}
  final:
    prompt: a dog # barking
    size: 128x96
    output: {quality: 50}
`;

test("nodes of a workflow take defaults and their own keys, in the order of the file", () => {
  const [draft, final] = nodesOf(workflow, ["final.steps=10", "seed=7"]);
  expect(draft?.keys).toMatchObject({ steps: 5, seed: 7n, width: 64, output: { format: "webp", quality: 90 } });
  expect(final?.keys).toMatchObject({ steps: 10, seed: 7n, width: 128, height: 96 });
  expect(final?.keys.output).toEqual({ name: "{file}-{node}-{index}", format: "webp", quality: 50, metadata: "full" });
});

test("a node keeps its text: dedented in a workflow, the whole file when it is alone", () => {
  const [draft, final] = nodesOf(workflow);
  expect(draft?.text).toBe("draft: {prompt: a cat, seed: 1}");
  expect(final?.text).toBe("final:\n  prompt: a dog # barking\n  size: 128x96\n  output: {quality: 50}");
  expect(nodesOf("diffusion: 1\nprompt: a cat\n")[0]?.text).toBe("diffusion: 1\nprompt: a cat\n");
});

test("only the nodes asked for are resolved, and only they must be available", () => {
  const text =
    "diffusion: 1\nvars: {l: [1]}\nworkflow:\n  a: {prompt: x}\n  b: {task: music, model: m, prompt: 'y ${l}'}\n";
  expect(nodesOf(text, [], ["a"]).map(({ name }) => name)).toEqual(["a"]);
  expect(resolve(parse(text)).diagnostics).toMatchObject([{ code: "not-available" }, { code: "not-available" }]);
  expect(resolve(parse(text), ["aa"]).diagnostics).toMatchObject([
    { code: "unknown-node", place: { name: "--node", text: "aa" }, message: expect.stringContaining("`a`") as string },
  ]);
});

test("nodes come after those they refer to, and bring them along", () => {
  const text =
    "diffusion: 1\nworkflow:\n  c: {prompt: x, image: $b}\n  a: {prompt: x}\n  b: {prompt: x, image: $a}\n  d: {prompt: x}\n";
  const result = parse(text);
  expect(result.document?.nodes.map(({ name }) => name)).toEqual(["a", "d", "b", "c"]);
  expect(resolve(result, ["d"]).diagnostics).toEqual([]);
  const ranges = resolve(result, ["b"]).diagnostics.map(({ range }) => text.slice(range.start, range.end));
  expect(ranges).toEqual(["$a"]);
});

test("the type of a runnable node follows from its task", () => {
  const [node] = nodesOf("diffusion: 1\nprompt: a cat\n");
  if (node?.task !== "image") throw new Error("not an image");
  expectTypeOf(node.keys.seed).toEqualTypeOf<bigint | "random">();
  expectTypeOf(node.keys.prompt).toEqualTypeOf<string>();
  expectTypeOf(node.keys.width).toEqualTypeOf<number | undefined>();
  expectTypeOf(node.keys.output.name).toEqualTypeOf<string>();
});

const examples = new URL("../../../media/examples/", import.meta.url);

test.each(readdirSync(examples).filter((name) => name.endsWith(".diffusion")))("the example %s runs", (name) => {
  for (const { keys } of nodesOf(readFileSync(new URL(name, examples), "utf8"))) {
    expect(keys).toMatchObject({ task: "image", model: "vignette" });
    expect(keys.seed).not.toBe("random");
  }
});
