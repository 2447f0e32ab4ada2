// The commands: those there are, and the words that a later version will have.
import type { Command } from "./command.ts";

const json = { help: "print one JSON object a line" };

const run: Command = {
  name: "run",
  summary: "make what a .diffusion file describes",
  operands: { name: "FILE", atLeast: 1, atMost: 1 },
  options: {
    node: { value: "NAME", repeats: true, help: "run this node and those it needs, no others" },
    set: {
      value: "KEY=VALUE",
      repeats: true,
      help: "lay a value over the file's: seed=7, winter.steps=10, vars.place=a lake",
    },
    out: { value: "DIR", help: "the folder of results (default: out/ beside the file)" },
    json,
  },
  later: ["dry-run", "frozen", "lock"],
  details: `FILE may be - for standard input; its relative paths then start at the current folder.
The paths of the results are printed to standard output, one a line. With --json every event is:
  {"event":"progress","node":"main","index":0,"phase":"denoise","step":3,"of":20}
and last {"event":"done","outputs":[…]} or {"event":"failed","code":"…","message":"…"}.

Exit status: 0 done, 1 failed, 2 the file or the arguments are wrong, 130 cancelled.
Ctrl-C stops after the current step; a second one stops at once. No unfinished file stays behind.

Examples:
  diffusion run first.diffusion
  diffusion run seasons.diffusion --node winter --set steps=10
  diffusion run first.diffusion --set "prompt=a lighthouse in a storm" --set seed=7 --out pictures
  echo '{diffusion: 1, prompt: a castle at night}' | diffusion run -`,
  load: async () => (await import("./commands/run.ts")).run,
};

const check: Command = {
  name: "check",
  summary: "say what is wrong in .diffusion files, without running them",
  operands: { name: "FILE", atLeast: 1, atMost: Infinity },
  options: { json },
  details: `Every problem is shown with its line, the part meant, and how to mend it. FILE may be - for standard input.
With --json each is {"event":"diagnostic","file":…,"range":{"start":{"line":0,"character":0},"end":…},
"severity":…,"code":…,"message":…,"fixes":[{"title":…,"edits":[{"range":…,"newText":…}]}]}, counted from 0
in UTF-16 units, as editors count.

Exit status: 0 when no file has an error, else 2.

Examples:
  diffusion check first.diffusion
  diffusion check *.diffusion --json`,
  load: async () => (await import("./commands/check.ts")).check,
};

const fmt: Command = {
  name: "fmt",
  summary: "lay .diffusion files out the usual way",
  operands: { name: "FILE", atLeast: 1, atMost: Infinity },
  options: {
    check: { help: "change nothing; say which files would change" },
    order: { help: "put keys in the order of the documentation, too" },
  },
  details: `Two spaces a level, one space around what stands in a line, one empty line at most. Comments, line breaks,
quotes and every value stay as they are. The paths of changed files are printed, one a line. FILE may be - for
standard input; the text is then written to standard output. A file with errors in its syntax is left alone.

Exit status: 0 done, 1 with --check when a file would change, 2 when a file has errors in its syntax.

Examples:
  diffusion fmt first.diffusion
  diffusion fmt *.diffusion --check
  diffusion fmt - --order <first.diffusion`,
  load: async () => (await import("./commands/fmt.ts")).fmt,
};

const recover: Command = {
  name: "recover",
  summary: "get the .diffusion file back out of a picture",
  operands: { name: "PICTURE", atLeast: 1, atMost: 1 },
  options: { out: { value: "FILE", help: "write it there instead of to standard output" } },
  details: `Reads the record in a PNG, JPEG or WebP file: that of Diffusion, A1111's parameters, or a ComfyUI graph.

Examples:
  diffusion recover out/first-0.png
  diffusion recover out/first-0.png --out again.diffusion`,
  load: async () => (await import("./commands/recover.ts")).recover,
};

const modelsInfo: Command = {
  name: "models info",
  summary: "tell what a model or a weights file is",
  operands: { name: "PATH|NAME", atLeast: 1, atMost: 1 },
  options: { json },
  details: `A folder in the diffusers layout, the name of the bundled model, or a .safetensors file. Only configurations
and headers are read, never weights, and nothing in the files is executed.

Examples:
  diffusion models info vignette
  diffusion models info ./stable-diffusion-v1-5
  diffusion models info some-lora.safetensors --json`,
  load: async () => (await import("./commands/models-info.ts")).modelsInfo,
};

const doctor: Command = {
  name: "doctor",
  summary: "show what this machine can run, and why not the rest",
  operands: { name: "", atLeast: 0, atMost: 0 },
  options: { json },
  details: `Tries every device in a process of its own and compares its numbers with exact ones. Takes some seconds.

Examples:
  diffusion doctor
  diffusion doctor --json`,
  load: async () => (await import("./commands/doctor.ts")).doctor,
};

const lsp: Command = {
  name: "lsp",
  summary: "serve an editor over the Language Server Protocol",
  operands: { name: "", atLeast: 0, atMost: 0 },
  options: {
    stdio: { help: "talk over standard input and output (the default)" },
    "node-ipc": { help: "talk over the channel of a process that Node.js forked" },
    socket: { value: "PORT", help: "connect to the editor, which waits at this port" },
    clientProcessId: { value: "PID", help: "end when this process has ended" },
  },
  details: `Editors start it; it writes nothing but protocol messages to standard output. It reads texts, configurations
and headers of models, never weights, and runs nothing.

Examples:
  diffusion lsp --stdio
  diffusion lsp --socket=6010`,
  load: async () => (await import("./commands/lsp.ts")).lsp,
};

export const COMMANDS: readonly Command[] = [run, check, fmt, recover, modelsInfo, doctor, lsp];

/** Valid words of the format's command line that this version does not have. */
export const LATER: readonly string[] = [
  "lock",
  "verify",
  "jobs",
  "serve",
  "mcp",
  "worker",
  "import",
  "export",
  "models list",
  "models pull",
  "models import",
  "models convert",
];
