// Whatever is wrong in a file, the arguments or a model: its status, a message that says so, nothing left behind.
import { closeSync, openSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { diffusion, folderWith, modelCopy, results } from "./command.ts";

type Files = NonNullable<Parameters<typeof folderWith>[0]>;

interface Case {
  readonly name: string;
  /** the text of x.diffusion */
  readonly document?: string;
  readonly files?: Files;
  /** default: run x.diffusion */
  readonly args?: readonly string[];
  readonly status: number;
  readonly stderr: string | RegExp;
}

const PROMPT = "diffusion: 1\nprompt: a lake\nseed: 1\nsteps: 2\n";
const run = ["run", "x.diffusion"];

const FILES: readonly Case[] = [
  { name: "no file", status: 2, stderr: "error[file-not-found]: cannot read x.diffusion: no such file" },
  { name: "a folder", args: ["run", "."], status: 2, stderr: "error[file-unreadable]: cannot read .: it is a folder" },
  {
    name: "a file without end",
    args: ["run", "/dev/zero"],
    status: 2,
    stderr: process.platform === "win32" ? "error" : "error[file-unreadable]: cannot read /dev/zero: it has more than",
  },
  { name: "not YAML", document: "diffusion: 1\nprompt: [a", status: 2, stderr: "error[yaml-syntax]" },
  {
    name: "not UTF-8",
    files: { "x.diffusion": (path) => writeFileSync(path, Buffer.from([0x64, 0xff, 0x0a])) },
    status: 2,
    stderr: "not UTF-8",
  },
  { name: "an empty file", document: "", status: 2, stderr: "error[missing-version]" },
  { name: "a list", document: "- a\n- b\n", status: 2, stderr: "error[not-a-document]" },
  {
    name: "a newer format",
    document: "diffusion: 2\nprompt: a\n",
    status: 2,
    stderr: "error[newer-version]",
  },
  {
    name: "an unknown key",
    document: "diffusion: 1\npromt: a lake\n",
    status: 2,
    stderr:
      "x.diffusion:2:1: error[unknown-key]: unknown key `promt`; did you mean `prompt`?\n  2 | promt: a lake\n    | ^^^^^\n",
  },
  {
    name: "a prompt that is a list",
    document: "diffusion: 1\nprompt: [a, b]\n",
    status: 2,
    stderr: "error[wrong-type]",
  },
  { name: "no prompt", document: "diffusion: 1\nseed: 1\n", status: 2, stderr: "error[missing-key]" },
  {
    name: "a seed too big",
    document: PROMPT.replace("seed: 1", "seed: 18446744073709551616"),
    status: 2,
    stderr: "error[out-of-range]",
  },
  { name: "a seed below 0", document: PROMPT.replace("seed: 1", "seed: -1"), status: 2, stderr: "error[out-of-range]" },
  {
    name: "a seed that is not whole",
    document: PROMPT.replace("seed: 1", "seed: 1.5"),
    status: 2,
    stderr: "`seed` must be a whole number, not 1.5",
  },
  {
    name: "a size between multiples",
    document: `${PROMPT}width: 100\n`,
    status: 2,
    stderr: "such as 96 or 104, not 100",
  },
  {
    name: "a picture beyond the memory",
    document: `${PROMPT}size: 16384x16384\n`,
    status: 1,
    stderr:
      /error\[out-of-memory\]: a picture of 16384x16384 needs about \d+ GB .* this machine has .*: make it \d+x\d+ or smaller/,
  },
  { name: "an unknown device", document: `${PROMPT}device: gpu\n`, status: 2, stderr: "error[unknown-value]" },
  {
    name: "a task of a later version",
    document: "diffusion: 1\ntask: music\nmodel: ./m\nprompt: a waltz\n",
    status: 2,
    stderr: "error[not-available]: `task: music`",
  },
  {
    name: "a node that refers to itself",
    document: "diffusion: 1\nworkflow:\n  a: {prompt: x, image: $a}\n",
    status: 2,
    stderr: "error[cycle]",
  },
];

const ARGUMENTS: readonly Case[] = [
  { name: "no command", args: [], status: 2, stderr: "Usage: diffusion COMMAND" },
  { name: "an unknown command", args: ["rnu"], status: 2, stderr: "there is no command `rnu`; did you mean `run`?" },
  { name: "half a command", args: ["models"], status: 2, stderr: "`diffusion models` is followed by `info`" },
  {
    name: "a command of a later version",
    args: ["serve"],
    status: 2,
    stderr: "`diffusion serve` is not available in this version",
  },
  {
    name: "two words of a later version",
    args: ["models", "pull", "x"],
    status: 2,
    stderr: "`diffusion models pull` is not available",
  },
  {
    name: "an option of a later version",
    args: [...run, "--frozen"],
    status: 2,
    stderr: "`diffusion run --frozen` is not available",
  },
  {
    name: "an unknown option",
    args: [...run, "--jsno"],
    status: 2,
    stderr: "has no option `--jsno`; did you mean `--json`?",
  },
  { name: "an option without its value", args: [...run, "--out"], status: 2, stderr: "--out needs a value: --out DIR" },
  { name: "a switch with a value", args: [...run, "--json=yes"], status: 2, stderr: "--json is a switch" },
  { name: "no operand", args: ["run"], status: 2, stderr: "`diffusion run` needs FILE" },
  { name: "two files", args: ["run", "a", "b"], status: 2, stderr: "takes one FILE; `b` is too much" },
  {
    name: "--set of an unknown key",
    document: PROMPT,
    args: [...run, "--set", "stepz=3"],
    status: 2,
    stderr: "--set stepz=3: error[unknown-key]: unknown key `stepz`; did you mean `steps`?",
  },
  {
    name: "--set of a wrong value",
    document: PROMPT,
    args: [...run, "--set=steps=many"],
    status: 2,
    stderr: "--set steps=many: error[wrong-type]",
  },
  {
    name: "--set without =",
    document: PROMPT,
    args: [...run, "--set", "steps"],
    status: 2,
    stderr: "error[wrong-override]",
  },
  {
    name: "--node that is not there",
    document: PROMPT,
    args: ["--node", "mian", ...run].toSorted((a, b) => Number(b === "run") - Number(a === "run")),
    status: 2,
    stderr: "there is no node `mian`; did you mean `main`?",
  },
];

/** x.diffusion with a changed copy of the bundled model. */
const withModel = (change: (model: string) => void): Pick<Case, "files" | "document"> => ({
  document: `${PROMPT}model: ./model\n`,
  files: { model: modelCopy(change) },
});

const UNET = "unet/diffusion_pytorch_model.safetensors";

function editJson(path: string, change: (json: Record<string, unknown>) => void): void {
  const json = JSON.parse(readFileSync(path, "utf8")) as Record<string, unknown>;
  change(json);
  writeFileSync(path, JSON.stringify(json));
}

/** Overwrites the first numbers of a tensor with NaN in half precision. */
function poison(file: string, tensor: string): void {
  const bytes = readFileSync(file);
  const length = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + length)) as Record<
    string,
    { data_offsets: [number, number] }
  >;
  const handle = openSync(file, "r+");
  writeSync(handle, Buffer.from([0x00, 0x7e, 0x00, 0x7e]), 0, 4, 8 + length + header[tensor]!.data_offsets[0]);
  closeSync(handle);
}

const MODELS: readonly Case[] = [
  {
    name: "no model",
    document: `${PROMPT}model: ./nowhere\n`,
    status: 2,
    stderr: "error[model-not-found]: there is no model ./nowhere",
  },
  {
    name: "a folder without model_index.json",
    ...withModel((model) => rmSync(join(model, "model_index.json"))),
    status: 2,
    stderr: /error\[model-unknown\].*it has no model_index\.json/,
  },
  {
    name: "a pipeline of another family",
    ...withModel((model) => editJson(join(model, "model_index.json"), (json) => (json._class_name = "FluxPipeline"))),
    status: 2,
    stderr: /error\[model-unknown\].*FluxPipeline/,
  },
  {
    name: "an unfinished download",
    ...withModel((model) => truncateSync(join(model, UNET), 1_000_000)),
    status: 2,
    stderr: /error\[weights-invalid\].*unfinished download/,
  },
  {
    name: "pickled weights only",
    ...withModel((model) => {
      rmSync(join(model, UNET));
      writeFileSync(join(model, "unet/diffusion_pytorch_model.bin"), Buffer.from("\x80\x02}q\x00.", "latin1"));
    }),
    status: 2,
    stderr: /error\[weights-unsafe\].*can run code/,
  },
  {
    name: "an unknown key in a config",
    ...withModel((model) => editJson(join(model, "unet/config.json"), (json) => (json.block_out_chanels = [1]))),
    status: 2,
    stderr: /error\[model-invalid\].*block_out_chanels/,
  },
  {
    name: "a wrong value in a config",
    ...withModel((model) => editJson(join(model, "unet/config.json"), (json) => (json.layers_per_block = "two"))),
    status: 2,
    stderr: /error\[model-invalid\].*layers_per_block/,
  },
  {
    name: "a config that the weights do not fit",
    ...withModel((model) => editJson(join(model, "unet/config.json"), (json) => (json.block_out_channels = [64, 128]))),
    status: 2,
    stderr: /error\[model-invalid\].*the config makes it/,
  },
  {
    name: "NaN in the weights",
    ...withModel((model) => poison(join(model, UNET), "conv_in.weight")),
    status: 1,
    stderr: /error\[weights-not-finite\].*the unet's output.*NaN/,
  },
  {
    name: "no input picture",
    document: `${PROMPT}image: ./no.png\n`,
    status: 2,
    stderr: /error\[file-not-found\]: cannot read the picture .*no\.png/,
  },
  {
    name: "a broken input picture",
    document: `${PROMPT}image: ./x.png\n`,
    files: { "x.png": (path) => writeFileSync(path, Buffer.from("\x89PNG\r\n\x1a\nnothing", "latin1")) },
    status: 2,
    stderr: "error[picture-invalid]",
  },
  {
    name: "an SVG as input",
    document: `${PROMPT}image: ./x.svg\n`,
    files: { "x.svg": '<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"/>' },
    status: 2,
    stderr: /error\[picture-invalid\].*is not a PNG/,
  },
  {
    name: "a file in place of the folder of results",
    document: PROMPT,
    files: { taken: "" },
    args: [...run, "--out", "taken"],
    status: 1,
    stderr: /error\[file-unwritable\].*taken.*it is a file/,
  },
  {
    name: "a file on the way to the folder of results",
    document: PROMPT,
    files: { taken: "" },
    args: [...run, "--out", "taken/a/b"],
    status: 1,
    stderr: /error\[file-unwritable\].*taken.*it is a file/,
  },
  {
    name: "a device that does not exist on any system at once",
    document: `${PROMPT}device: ${process.platform === "win32" ? "coreml" : "dml"}\n`,
    status: 1,
    stderr: /error\[device-unavailable\].*only/,
  },
];

const OTHERS: readonly Case[] = [
  {
    name: "recover: a picture without record",
    files: {
      "x.png": (path) =>
        writeFileSync(
          path,
          Buffer.from(
            "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
            "base64",
          ),
        ),
    },
    args: ["recover", "x.png"],
    status: 2,
    stderr: "error[picture-invalid]: x.png: the picture carries no record",
  },
  {
    name: "recover: not a picture",
    files: { "x.png": "hello" },
    args: ["recover", "x.png"],
    status: 2,
    stderr: "error[picture-invalid]: x.png",
  },
  { name: "recover: nothing there", args: ["recover", "x.png"], status: 2, stderr: "error[file-not-found]" },
  {
    name: "models info: nothing there",
    args: ["models", "info", "nowhere"],
    status: 2,
    stderr: "error[model-not-found]",
  },
  {
    name: "models info: no file",
    args: ["models", "info", "x.safetensors"],
    status: 2,
    stderr: "error[file-not-found]",
  },
  {
    name: "models info: not a model",
    files: { "m/readme.txt": "" },
    args: ["models", "info", "m"],
    status: 2,
    stderr: "error[model-unknown]",
  },
  {
    name: "models info: not weights",
    files: { "x.safetensors": "hello, weights" },
    args: ["models", "info", "x.safetensors"],
    status: 2,
    stderr: "error[weights-invalid]",
  },
  {
    name: "models info: a pickle under another name",
    files: {
      "x.safetensors": (path) =>
        writeFileSync(path, Buffer.from("\x80\x02}q\x00X\x01\x00\x00\x00aq\x01K\x01s.", "latin1")),
    },
    args: ["models", "info", "x.safetensors"],
    status: 2,
    stderr: "error[weights-unsafe]",
  },
];

test.each([...FILES, ...ARGUMENTS, ...MODELS, ...OTHERS])(
  "$name",
  async ({ document, files, args = run, status, stderr }) => {
    const folder = folderWith({ ...(document === undefined ? {} : { "x.diffusion": document }), ...files });
    const ended = await diffusion(args, folder);
    expect(ended).toMatchObject({ status, stdout: "" });
    expect(ended.stderr).toMatch(stderr);
    expect(ended.stderr).not.toMatch(/^\s+at /m); // no stack trace
    expect(results(folder)).toEqual([]);
  },
);

test("a device whose libraries are missing is named with the reason", async () => {
  const folder = folderWith({ "x.diffusion": `${PROMPT}device: tensorrt\n` });
  const ended = await diffusion(run, folder);
  if (ended.status === 0) return; // this machine has it
  expect(ended.status).toBe(1);
  expect(ended.stderr).toMatch(/error\[device-unavailable\].*tensorrt.*/i);
});

test("check goes through all files, and one bad one decides", async () => {
  const folder = folderWith({
    "a.diffusion": PROMPT,
    "b.diffusion": "diffusion: 1\npromt: x\nsteps: 0\n",
    "c.diffusion": PROMPT,
  });
  const ended = await diffusion(["check", "a.diffusion", "b.diffusion", "none.diffusion", "c.diffusion"], folder);
  expect(ended.status).toBe(2);
  for (const part of [
    "b.diffusion:2:1: error[unknown-key]",
    "b.diffusion:3:8: error[out-of-range]",
    "none.diffusion",
    "3 errors in 4 files",
  ])
    expect(ended.stderr).toContain(part);
  expect(await diffusion(["check", "a.diffusion", "c.diffusion"], folder)).toMatchObject({ status: 0, stderr: "" });
});

test("check accepts what this version only cannot run, and says it", async () => {
  const folder = folderWith({ "waltz.diffusion": "diffusion: 1\ntask: music\nmodel: ./m\nprompt: a waltz\n" });
  const ended = await diffusion(["check", "waltz.diffusion"], folder);
  expect(ended).toMatchObject({ status: 0, stdout: "1 file without errors\n" });
  expect(ended.stderr).toContain("waltz.diffusion:2:7: information[not-available]: `task: music`");
});
