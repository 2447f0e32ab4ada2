// Every prompt of test/prompts against what is written below it: tree, problems, drawn text, pieces, steps. UPDATE_EXPECT=1 rewrites.
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import type { Diagnostic } from "../../../../daemon/src/language/diagnostics.ts";
import { attention, type PromptCompat } from "../../../../daemon/src/language/prompt/attention.ts";
import { parsePrompt } from "../../../../daemon/src/language/prompt/parse.ts";
import { promptPlan } from "../../../../daemon/src/language/prompt/plan.ts";
import { resolvePrompt } from "../../../../daemon/src/language/prompt/resolve.ts";
import { isGroup, type PromptNode } from "../../../../daemon/src/language/prompt/tree.ts";
import { wildcardLines } from "../../../../daemon/src/language/prompt/wildcard-lines.ts";
import { numbersFrom } from "./numbers.ts";

const folder = fileURLToPath(new URL("../../../prompts/", import.meta.url));
const fixtures = readdirSync(folder).filter((name) => name.endsWith(".txt"));
const steps = 10;

const files: Readonly<Record<string, string>> = {
  colour: "# warm and cold\r\nred\r\n\r\n  blue \r\n10::{light|dark} green\n",
  "folder/animal": "cat\n__colour__ dog\n",
  loop: "a __loop__",
  ping: "__pong__",
  pong: "__ping__",
  empty: "# nothing yet",
  tagged: "<lora:line:0.5>inked ${place}",
};
const vars = new Map<string, string | readonly string[]>([
  ["place", "a mountain lake"],
  ["season", ["spring", "{early|late} winter"]],
]);

/** A file is cases with an empty line between them: the prompt in lines of `> `, then what is expected; `seed: 3` first, if given. */
function check(path: string): void {
  const written = readFileSync(path, "utf8");
  const [head, ...cases] = written.split(/\n\n(?=> )/);
  const found = [head!.trimEnd(), ...cases.map(rewritten)].join("\n\n") + "\n";
  if (process.env["UPDATE_EXPECT"]) writeFileSync(path, found);
  else expect(written).toBe(found);
}

function rewritten(block: string): string {
  const lines = block.split("\n");
  const prompt = lines.filter((line) => line.startsWith("> ")).map((line) => line.slice(2));
  const seed = /^seed: (\d+)$/m.exec(block)?.[1];
  const shown = show(prompt.join("\n"), Number(seed ?? 1));
  return [...prompt.map((line) => `> ${line}`), ...(seed ? [`seed: ${seed}`] : []), ...shown].join("\n");
}

function show(text: string, seed: number): string[] {
  const prompt = parsePrompt(text);
  const random = numbersFrom(seed);
  const lines = (name: string) => (files[name] === undefined ? undefined : wildcardLines(files[name]));
  const resolved = resolvePrompt(prompt, { random, wildcards: lines, vars });
  return [
    ...prompt.nodes.flatMap((node) => tree(node, text, "")),
    ...[...prompt.diagnostics, ...resolved.diagnostics].map(problem),
    ...(resolved.text === text ? [] : [`text: ${JSON.stringify(resolved.text)}`]),
    ...resolved.trace.map((d) => `drawn: ${d.range.start}-${d.range.end} ${d.kind} ${d.written} → ${JSON.stringify(d.chosen)}`),
    ...resolved.loras.map((l) => `lora: ${l.name} weight ${l.weight} text ${l.textWeight}`),
    ...resolved.embeddings.map(({ name }) => `embedding: ${name}`),
    ...plan(resolved.text),
    ...pieces(resolved.text, "comfyui"),
    ...pieces(resolved.text, "diffusers"),
  ]; // prettier-ignore
}

function tree(node: PromptNode, text: string, indent: string): string[] {
  const written = JSON.stringify(text.slice(node.range.start, node.range.end));
  const line = `${indent}${node.kind}${details(node)} ${written}`;
  return isGroup(node) ? [line, ...node.children.flatMap((child) => tree(child, text, `${indent}  `))] : [line];
}

function details(node: PromptNode): string {
  switch (node.kind) {
    case "mark":
      return ` (${node.role})`;
    case "escape":
      return ` (${node.written})`;
    case "wildcard":
    case "variable":
    case "tag":
      return ` ${node.name}`;
    case "part-weight":
      return ` ${node.weight}`;
    case "weight":
      return ` ${node.weight ?? "?"}${node.explicit ? " explicit" : ""}`;
    case "schedule":
      return ` at ${node.when?.value ?? "?"}${node.when?.fraction ? " of 1" : ""}, ${node.from.length} → ${node.to.length} nodes`;
    case "alternation":
      return ` of ${node.options.length}`;
    case "choice": {
      const count = node.count
        ? ` ${node.count.least}-${node.count.most} by ${JSON.stringify(node.count.separator)}`
        : "";
      return `${count} of ${node.options.map(({ weight }) => weight).join(", ")}`;
    }
    case "text":
    case "break":
    case "and":
      return "";
  }
}

function problem({ code, severity, message, range }: Diagnostic): string {
  return `${severity}[${code}] ${range.start}-${range.end}: ${message}`;
}

function plan(text: string): string[] {
  const { parts, diagnostics } = promptPlan(text, { compat: "a1111", steps });
  const shown = parts.flatMap(({ weight, schedule }) => {
    const part = parts.length > 1 || weight !== 1 ? ` part ${weight}` : "";
    return schedule.map(({ until, chunks }) => {
      const step = schedule.length > 1 ? ` to ${until}` : "";
      return `a1111${part}${step}: ${chunks.map((chunk) => JSON.stringify(chunk.map((p) => [p.text, p.weight]))).join(" BREAK ")}`;
    });
  });
  return [...shown, ...diagnostics.map(problem)];
}

function pieces(text: string, compat: PromptCompat): string[] {
  const { chunks, diagnostics } = attention(text, compat);
  const shown = JSON.stringify(chunks.flat().map((piece) => [piece.text, piece.weight]));
  return [`${compat}: ${shown}`, ...diagnostics.map(problem)];
}

test.each(fixtures)("%s", (name) => check(`${folder}/${name}`));
