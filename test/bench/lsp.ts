// The language server on files of 200, 1,000 and 10,000 lines, from outside, beside yaml-language-server with our JSON Schema where
// that is installed (`npm install --no-save yaml-language-server@2.0.0`, or a folder in NODE_PATH).
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { PublishDiagnosticsParams } from "vscode-languageserver-protocol/node";
import { Client, modernEditor } from "../daemon/lsp/client.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const schema = pathToFileURL(join(root, "schemas/diffusion.schema.json")).href;

/** Lines of a file, and what may be needed: milliseconds for first diagnostics, completion and hover, diagnostics after an edit. */
const SIZES = [
  { lines: 200, first: 60, answer: 10, edit: 100 },
  { lines: 1000, first: 100, answer: 15, edit: 150 },
  { lines: 10_000, first: 350, answer: 40, edit: 300 },
] as const;

const RSS_LIMIT = 200;
const ROUNDS = 60;
const LINES_A_NODE = 11;
const LINES_BEFORE = 6;

interface Server {
  readonly name: string;
  readonly command: readonly string[];
  /** What stands in the first line, which is a comment. */
  readonly head: string;
  /** Whether it is asked for problems; otherwise it sends them. */
  readonly pulls: boolean;
}

interface Measured {
  readonly first: number;
  readonly completion: readonly number[];
  readonly hover: readonly number[];
  readonly edit: readonly number[];
  /** MB, at the end and at the most */
  readonly rss: number;
  readonly peak: number;
}

/** Prints a table of both servers. */
export async function benchLsp(): Promise<void> {
  const launcher = join(root, "daemon/bin/diffusion.js");
  spawnSync(process.execPath, [launcher, "--version"]); // builds, if something has changed
  const ours: Server = { name: "diffusion", command: [process.execPath, launcher, "lsp"], head: "#", pulls: true };
  const peer = yamlServer();
  if (!peer) console.log("yaml-language-server is not installed and not measured");
  console.log("milliseconds; completion right after a keystroke; MB of memory at the end and at the most");
  const titles = ["first", "completion p50", "p95", "hover p50", "p95", "edit p50", "p95", "RSS", "peak"];
  console.log(row("", titles));
  for (const { lines, first, answer, edit } of SIZES) {
    for (const server of [ours, ...(peer ? [peer] : [])])
      console.log(row(`${lines} lines, ${server.name}`, cells(await measure(server, lines))));
    const limits = [first, "", answer, "", answer, "", edit, RSS_LIMIT, ""];
    console.log(row(`${lines} lines, at most`, limits.map(String)));
  }
}

function cells({ first, completion, hover, edit, rss, peak }: Measured): string[] {
  const times = [completion, hover, edit].flatMap((all) => [percentile(all, 0.5), percentile(all, 0.95)]);
  return [first, ...times, rss, peak].map((value) => value.toFixed(1));
}

const row = (name: string, values: readonly string[]): string =>
  name.padEnd(30) + values.map((value) => value.padStart(15)).join("");

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
}

/** The peer, if it is installed. */
function yamlServer(): Server | undefined {
  try {
    const manifest = createRequire(import.meta.url).resolve("yaml-language-server/package.json");
    const command = [process.execPath, join(dirname(manifest), "bin/yaml-language-server"), "--stdio"];
    return { name: "yaml-language-server", command, head: `# yaml-language-server: $schema=${schema}`, pulls: false };
  } catch {
    return undefined;
  }
}

/** A workflow of nodes with everything that needs work: variables, references, choices, a comment. */
function workflow(lines: number, head: string): string {
  const nodes = Array.from({ length: Math.floor((lines - LINES_BEFORE) / LINES_A_NODE) }, (_, i) =>
    [
      `  node_${i}: # the ${i}th`,
      `    task: image`,
      `    prompt: \${place} in spring, pink trees, a small red boat, clear sky, number ${i}`,
      `    negative_prompt: blurry, text, a person`,
      `    width: 512`,
      `    height: 512`,
      `    steps: 20`,
      `    sampler: ${["euler", "dpmpp_2m", "ddim", "unipc"][i % 4]!}`,
      `    seed: ${i}`,
      `    output:`,
      `      format: png`,
    ].join("\n"),
  );
  return [head, "diffusion: 1", "title: many", "vars:", "  place: a lake", "workflow:", ...nodes, ""].join("\n");
}

async function measure(server: Server, lines: number): Promise<Measured> {
  const folder = mkdtempSync(join(tmpdir(), "diffusion-bench-"));
  const client = new Client(folder, server.command);
  try {
    const sent = answerPeer(client);
    const { diagnostic: _, ...pushed } = modernEditor.textDocument!;
    await client.start(server.pulls ? modernEditor : { ...modernEditor, textDocument: pushed });
    const problems = (uri: string) => (server.pulls ? client.problems(uri) : sent());
    const begin = performance.now();
    const uri = await client.open("many.diffusion", workflow(lines, server.head), server.pulls ? "diffusion" : "yaml");
    await problems(uri);
    const first = performance.now() - begin;
    const nodes = Math.floor((lines - LINES_BEFORE) / LINES_A_NODE);
    const times = await rounds(client, uri, nodes, problems);
    const { rss, peak } = memoryOf(client.process.pid!);
    return { first, ...times, rss, peak };
  } finally {
    await client.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Types, asks, points, and takes back, over the whole file. */
async function rounds(client: Client, uri: string, nodes: number, problems: (uri: string) => Promise<unknown>) {
  const completion: number[] = [];
  const hover: number[] = [];
  const edit: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const line = LINES_BEFORE + LINES_A_NODE * ((i * 7919) % nodes) + 7;
    const start = { line, character: 13 };
    const end = { line, character: 14 };
    edit.push(
      await time(async () => {
        await client.change(uri, start, start, "x");
        await problems(uri);
      }),
    );
    hover.push(await time(() => client.ask("hover", uri, { position: { line, character: 6 } })));
    completion.push(
      await time(async () => {
        await client.change(uri, start, end, "");
        await client.ask("completion", uri, { position: start });
      }),
    );
    await problems(uri);
  }
  return { completion, hover, edit };
}

async function time(run: () => Promise<unknown>): Promise<number> {
  const begin = performance.now();
  await run();
  return performance.now() - begin;
}

/** Answers what the peer asks; gives the next problems that are sent. */
function answerPeer({ connection }: Client): () => Promise<unknown> {
  let waiting: ((params: PublishDiagnosticsParams) => void) | undefined;
  connection.onRequest("workspace/configuration", ({ items }: { items: object[] }) => items.map(() => ({})));
  connection.onRequest("custom/schema/request", () => "");
  connection.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => waiting?.(params));
  return () => new Promise((resolve) => (waiting = resolve));
}

/** MB of a process, where the system tells. */
function memoryOf(pid: number): { rss: number; peak: number } {
  if (process.platform !== "linux") return { rss: NaN, peak: NaN };
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(status)?.[1]) / 1024;
  return { rss: field("VmRSS"), peak: field("VmHWM") };
}
