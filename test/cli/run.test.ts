// What the command makes: the same pictures every time, the events as they come, and pictures that know how they were made.
import { createHash } from "node:crypto";
import { readFileSync, renameSync, writeFileSync } from "node:fs";
import { isAbsolute, join } from "node:path";
import sharp from "sharp";
import { describe, expect, test } from "vitest";
import { diffusion, eventsOf, folderWith, results, root } from "./command.ts";

const PROMPT = "diffusion: 1\nprompt: a lake at night\nseed: 18446744073709551614\nsteps: 2\n";
const first = readFileSync(join(root, "media/examples/first.diffusion"), "utf8");

const sha256 = (path: string) => createHash("sha256").update(readFileSync(path)).digest("hex");
const pixels = (path: string) => sharp(path).raw().toBuffer();

/** Runs x.diffusion; the paths it printed. */
async function make(folder: string, ...args: string[]): Promise<string[]> {
  const ended = await diffusion(["run", "x.diffusion", ...args], folder);
  expect(ended).toMatchObject({ status: 0, stderr: "" });
  const paths = ended.stdout.trimEnd().split("\n");
  expect(paths.every(isAbsolute)).toBe(true);
  return paths;
}

test("the same file gives the same bytes in two processes, and another name for the second", async () => {
  const folder = folderWith({ "x.diffusion": first });
  const [[a], [b]] = [await make(folder), await make(folder)];
  expect(sha256(a!)).toBe(sha256(b!));
  expect(results(folder)).toEqual(["x-0-2.png", "x-0.png"]);
  expect(await sharp(a).metadata()).toMatchObject({ width: 128, height: 128, channels: 3 });
  const { channels } = await sharp(a).stats();
  expect(Math.max(...channels.map(({ stdev }) => stdev))).toBeGreaterThan(10); // a picture, not one colour
});

test("runs at the same time do not write over each other", async () => {
  const folder = folderWith({ "x.diffusion": PROMPT.replace(/seed: \d+\n/, 'output: {name: "new/picture"}\n') });
  const paths = (await Promise.all(Array.from({ length: 4 }, () => make(folder)))).flat();
  expect(new Set(paths).size).toBe(4);
  expect(new Set(paths.map(sha256)).size).toBe(4);
  expect(results(folder, "out/new")).toHaveLength(4);
});

describe("events", () => {
  test("come in order as JSON, with every digit of the seeds, and nothing else is printed", async () => {
    const folder = folderWith({ "x.diffusion": PROMPT });
    const ended = await diffusion(["run", "--json", "x.diffusion", "--set=count=2"], folder);
    expect(ended).toMatchObject({ status: 0, stderr: "" });
    const events = eventsOf(ended);
    const told = events.map(({ event, phase, step }) =>
      [event, phase, step]
        .filter((part) => part !== undefined)
        .map(String)
        .join(" "),
    );
    const picture = ["progress text 1", "progress denoise 1", "progress denoise 2", "progress decode 1", "output"];
    expect(told).toEqual(["started", ...picture, ...picture, "done"]);
    const seeds = [...ended.stdout.matchAll(/"index":(\d+),"seed":(\d+)/g)].map(
      ([, index, seed]) => `${index!} ${seed!}`,
    );
    expect(seeds.slice(0, 2)).toEqual(["0 18446744073709551614", "1 18446744073709551615"]);
    const { outputs } = events.at(-1) as { outputs: { node: string; path: string; index: number; sha256: string }[] };
    for (const { node, path, sha256: hash } of outputs) {
      expect(node).toBe("main");
      expect(sha256(path)).toBe(hash);
    }
  });

  test("end with what is wrong in the document", async () => {
    const folder = folderWith({ "x.diffusion": "diffusion: 1\npromt: a\n" });
    const ended = await diffusion(["run", "x.diffusion", "--json"], folder);
    expect(ended).toMatchObject({ status: 2, stderr: "" });
    const range = { start: { line: 1, character: 0 }, end: { line: 1, character: 5 } };
    const fixes = [{ title: "Change to `prompt`", edits: [{ range, newText: "prompt" }] }];
    expect(eventsOf(ended)).toMatchObject([
      {
        event: "failed",
        code: "document",
        message: "x.diffusion has 1 error",
        diagnostics: [{ file: "x.diffusion", range, severity: "error", code: "unknown-key", fixes }],
      },
    ]);
    const checked = await diffusion(["check", "x.diffusion", "--json"], folder);
    expect(checked).toMatchObject({ status: 2, stderr: "" });
    expect(eventsOf(checked)).toMatchObject([
      { event: "diagnostic", file: "x.diffusion", range, code: "unknown-key", fixes },
      { event: "failed", code: "document" },
    ]);
  });

  test.each([
    { name: "a missing file", args: ["run", "none.diffusion", "--json"], code: "file-not-found" },
    { name: "a wrong option", args: ["run", "--json", "--nope"], code: "arguments" },
    { name: "a command of a later version", args: ["serve", "--json"], code: "not-available" },
  ])("end with the failure: $name", async ({ args, code }) => {
    const ended = await diffusion(args, folderWith());
    expect(ended).toMatchObject({ status: 2, stderr: "" });
    expect(eventsOf(ended)).toEqual([{ event: "failed", code, message: expect.any(String) as string }]);
  });
});

test("count: each picture is that of its own seed alone", async () => {
  const folder = folderWith({ "x.diffusion": PROMPT.replace(/seed: \d+/, "seed: 41") });
  const several = await make(folder, "--set", "count=3", "--out", "several");
  for (const [i, path] of several.entries()) {
    const [single] = await make(folder, "--set", `seed=${41 + i}`, "--out", `single-${i}`);
    expect((await pixels(path)).equals(await pixels(single!))).toBe(true);
  }
});

describe("recover", () => {
  const cases = [
    { name: "a file as it is", document: first, args: [] },
    { name: "with --set", document: PROMPT, args: ["--set", 'prompt=a castle: "red"', "--set", "sampler=dpmpp_2m"] },
    { name: "the second of several", document: PROMPT, args: ["--set", "count=2"] },
    {
      name: "a node of a workflow",
      document:
        "diffusion: 1\nvars: {place: a lake}\ndefaults: {steps: 2, seed: 3}\nworkflow:\n  a: {prompt: '${place} at night'}\n",
      args: [],
    },
    { name: "a random seed", document: "diffusion: 1\nprompt: hills\nsteps: 2\n", args: [] },
    { name: "a WebP", document: `${PROMPT}output: {format: webp, quality: 80}\n`, args: [] },
    { name: "a JPEG", document: `${PROMPT}output: {format: jpeg, quality: 80}\n`, args: [] },
  ];
  test.each(cases)("gives a file that makes the same picture: $name", async ({ document, args }) => {
    const folder = folderWith({ "x.diffusion": document });
    const made = (await make(folder, ...args)).at(-1)!;
    const recovered = await diffusion(["recover", made, "--out", "again.diffusion"], folder);
    expect(recovered).toMatchObject({ status: 0, stdout: "again.diffusion\n", stderr: "" });
    const printed = await diffusion(["recover", made], folder);
    expect(printed).toMatchObject({ status: 0, stdout: readFileSync(join(folder, "again.diffusion"), "utf8") });
    if (document === first) expect(printed.stdout).toBe(first);
    renameSync(join(folder, "again.diffusion"), join(folder, "x.diffusion"));
    const format = made.split(".").at(-1)!.replace("jpg", "jpeg");
    const [again] = await make(folder, "--out", "again", "--set", `output={format: ${format}, quality: 80}`);
    expect((await pixels(again!)).equals(await pixels(made))).toBe(true);
  });
});

describe("formats", () => {
  test.each([
    { format: "jpeg", name: "x-0.jpg" },
    { format: "webp", name: "x-0.webp" },
    { format: "png", name: "x-0.png" },
  ])("$format", async ({ format, name }) => {
    const folder = folderWith({ "x.diffusion": `${PROMPT}output:\n  format: ${format}\n` });
    await make(folder);
    expect(results(folder)).toEqual([name]);
    expect(await sharp(join(folder, "out", name)).metadata()).toMatchObject({ format, width: 128, height: 128 });
  });
});

describe("from a picture", () => {
  /** The document with a picture of the model as its input, and a mask whose right half is painted anew. */
  async function withInputs(document: string): Promise<{ folder: string; input: Buffer }> {
    const folder = folderWith({ "x.diffusion": first });
    const [path] = await make(folder, "--out", ".");
    const half = { create: { width: 64, height: 128, channels: 3 as const, background: "white" } };
    const mask = sharp(half).extend({ left: 64, background: "black" }).png();
    await mask.toFile(join(folder, "mask.png"));
    writeFileSync(join(folder, "x.diffusion"), `${document}image: ./x-0.png\n`);
    return { folder, input: await pixels(path!) };
  }

  /** Mean deviation from the input in the left and the right half. */
  async function changes(path: string, input: Buffer): Promise<[left: number, right: number]> {
    const output = await pixels(path);
    const sums: [number, number] = [0, 0];
    input.forEach((value, i) => (sums[Math.floor(i / 3) % 128 < 64 ? 0 : 1] += Math.abs(value - output[i]!)));
    return [sums[0] / (input.length / 2), sums[1] / (input.length / 2)];
  }

  const document = PROMPT.replace("steps: 2", "steps: 10");

  test("image to image: the less strength, the closer", async () => {
    const { folder, input } = await withInputs(document);
    const deviations: number[] = [];
    for (const strength of [0.1, 0.9]) {
      const [path] = await make(folder, "--set", `strength=${strength}`);
      deviations.push(Math.max(...(await changes(path!, input))));
    }
    expect(deviations[0]).toBeLessThan(15);
    expect(deviations[1]).toBeGreaterThan(2 * deviations[0]!);
  });

  test("inpainting: what the mask keeps is kept", async () => {
    const { folder, input } = await withInputs(`${document}mask: ./mask.png\n`);
    const [path] = await make(folder);
    const [kept, painted] = await changes(path!, input);
    expect(kept).toBeLessThan(25);
    expect(painted).toBeGreaterThan(2 * kept);
  });
});

test("precision: int8 is near fp32, and not the same", async () => {
  const folder = folderWith({ "x.diffusion": first });
  const [exact] = await make(folder);
  const [fast] = await make(folder, "--set", "precision=int8");
  const [a, b] = [await pixels(exact!), await pixels(fast!)];
  const mean = a.reduce((sum, value, i) => sum + Math.abs(value - b[i]!), 0) / a.length;
  expect(mean).toBeGreaterThan(0);
  expect(mean).toBeLessThan(16);
});

describe("a workflow", () => {
  const document =
    "diffusion: 1\ndefaults: {steps: 2, seed: 5}\nworkflow:\n  day: {prompt: a lake by day}\n  night: {prompt: a lake at night}\n";

  test("runs its nodes in order", async () => {
    const folder = folderWith({ "x.diffusion": document });
    await make(folder);
    expect(results(folder)).toEqual(["x-day-0.png", "x-night-0.png"]);
  });

  test("runs the named node alone, with options on either side of the file", async () => {
    const folder = folderWith({ "x.diffusion": document });
    const ended = await diffusion(
      ["run", "--node", "night", "x.diffusion", "--set=night.steps=1", "--out", "there"],
      folder,
    );
    expect(ended).toMatchObject({ status: 0, stderr: "" });
    expect(results(folder, "there")).toEqual(["x-night-0.png"]);
    expect(results(folder)).toEqual([]);
  });
});

test("a document from standard input, with paths from the current folder", async () => {
  const folder = folderWith();
  const ended = await diffusion(["run", "-"], folder, `${PROMPT}model: vignette\n`);
  expect(ended).toMatchObject({ status: 0, stderr: "" });
  expect(results(folder)).toEqual(["stdin-0.png"]);
  expect(await diffusion(["check", "-"], folder, PROMPT)).toMatchObject({ status: 0 });
});

test("warnings go to standard error, paths alone to standard output", async () => {
  const folder = folderWith({ "x.diffusion": `${PROMPT}negative_prompt: ${"very ".repeat(100)}long\n` });
  const ended = await diffusion(["run", "x.diffusion"], folder);
  expect(ended).toMatchObject({ status: 0, stdout: `${join(folder, "out", "x-0.png")}\n` });
  expect(ended.stderr).toMatch(/^warning: the prompt is over 77 tokens/);
});
