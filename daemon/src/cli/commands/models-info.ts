// `diffusion models info`: what a model folder or a weights file is, from its configurations and headers.
import { readFile, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parse } from "yaml";
import type { ModelFolder } from "../../models/model-folder.ts";
import { readModelFolder } from "../../models/model-folder.ts";
import { familyOf } from "../../models/families.ts";
import { sizeOf } from "../../tensor/tensor.ts";
import type { TensorRange } from "../../weights/safetensors.ts";
import { readWeightsFile } from "../../weights/safetensors.ts";
import { findModel } from "../../workflow/model-reference.ts";
import type { CommandLine } from "../command.ts";
import type { ExitStatus } from "../exit-status.ts";
import { formatBytes, formatCount, print, printJson } from "../output.ts";
import { guessContent } from "../weights-content.ts";

/** @throws DiffusionError `model-not-found`, `model-unknown`, `model-invalid`, `weights-invalid`, `weights-unsafe` */
export async function modelsInfo(line: CommandLine): Promise<ExitStatus> {
  const operand = line.operands[0]!;
  const isFile = await stat(operand).then(
    (found) => !found.isDirectory(),
    () => /\.(safetensors|bin|ckpt|pth?|gguf|onnx)$/i.test(operand),
  );
  if (isFile) show(line, await fileInfo(resolve(operand)), fileText);
  else show(line, await folderInfo(operand), folderText);
  return 0;
}

function show<T extends object>(line: CommandLine, info: T, text: (info: T) => string): void {
  if (line.has("json")) printJson(info);
  else print(text(info));
}

interface Part {
  readonly name: string;
  readonly parameters: number;
  /** element types with the number of parameters in each */
  readonly dtypes: Readonly<Record<string, number>>;
  readonly bytes: number;
}

interface FolderInfo {
  readonly path: string;
  readonly family: string;
  readonly variant: string;
  readonly license: string;
  readonly description?: string;
  readonly tasks: readonly string[];
  /** side in pixels */
  readonly nativeSize?: number;
  readonly parameters: number;
  readonly bytes: number;
  readonly parts: readonly Part[];
}

async function folderInfo(operand: string): Promise<FolderInfo> {
  const { path } = await findModel(operand, resolve("a document of the current folder"));
  const folder = await readModelFolder(path);
  const family = familyOf(folder);
  const { variant, parts: found, tasks, nativeSize } = await family.describe(folder);
  const parts = await Promise.all(
    found.map(async ({ name, source }) => ({
      name,
      ...countTensors(source.tensors.values()),
      bytes: (await Promise.all(source.files.map((file) => stat(file)))).reduce((sum, { size }) => sum + size, 0),
    })),
  );
  const { description } = folder.hints;
  return {
    path,
    family: family.name,
    variant,
    license: folder.hints.license ?? (await licenseInReadme(folder)) ?? "unknown",
    ...(description === undefined ? {} : { description }),
    tasks,
    ...(nativeSize === undefined ? {} : { nativeSize }),
    parameters: parts.reduce((sum, part) => sum + part.parameters, 0),
    bytes: parts.reduce((sum, part) => sum + part.bytes, 0),
    parts,
  };
}

function countTensors(tensors: Iterable<TensorRange>): Pick<Part, "parameters" | "dtypes"> {
  const dtypes: Record<string, number> = {};
  for (const { dtype, shape } of tensors) dtypes[dtype] = (dtypes[dtype] ?? 0) + sizeOf(shape);
  return { parameters: Object.values(dtypes).reduce((a, b) => a + b, 0), dtypes };
}

/** `license:` in the front matter of the model card. */
async function licenseInReadme({ path }: ModelFolder): Promise<string | undefined> {
  const readme = await readFile(join(path, "README.md"), "utf8").catch(() => "");
  const front = /^---\r?\n(.*?)\r?\n---/s.exec(readme)?.[1];
  if (front === undefined) return undefined;
  try {
    const fields = parse(front) as { license?: unknown; license_name?: unknown } | null;
    const license = fields?.license === "other" ? (fields.license_name ?? "other") : fields?.license;
    return typeof license === "string" ? license : undefined;
  } catch {
    return undefined; // a card is for people; a broken one says nothing
  }
}

function folderText(info: FolderInfo): string {
  const widest = Math.max(...info.parts.map(({ name }) => name.length));
  const parts = info.parts.map(
    ({ name, parameters, dtypes, bytes }) =>
      `  ${name.padEnd(widest)}  ${formatCount(parameters).padStart(7)}  ${Object.keys(dtypes).join(", ").padEnd(4)}  ${formatBytes(bytes)}`,
  );
  return [
    `${info.family} ${info.variant}`,
    ...(info.description === undefined ? [] : [info.description]),
    `folder       ${info.path}`,
    `can do       ${info.tasks.join(", ") || "nothing in this version"}`,
    ...(info.nativeSize === undefined ? [] : [`native size  ${info.nativeSize}x${info.nativeSize}`]),
    `licence      ${info.license}`,
    `parameters   ${formatCount(info.parameters)} (${formatBytes(info.bytes)})`,
    ...parts,
  ].join("\n");
}

interface FileInfo {
  readonly path: string;
  /** what it seems to hold */
  readonly content: string;
  readonly tensors: number;
  readonly parameters: number;
  readonly dtypes: Readonly<Record<string, number>>;
  readonly bytes: number;
  /** tensors of element types that cannot be used, by type */
  readonly unusable: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
}

async function fileInfo(path: string): Promise<FileInfo> {
  const { tensors, unusable, metadata } = await readWeightsFile(path);
  const unusableTypes: Record<string, number> = {};
  for (const type of unusable.values()) unusableTypes[type] = (unusableTypes[type] ?? 0) + 1;
  const names = [...tensors.keys(), ...unusable.keys()];
  return {
    path,
    content: guessContent(names),
    tensors: names.length,
    ...countTensors(tensors.values()),
    bytes: (await stat(path)).size,
    unusable: unusableTypes,
    metadata,
  };
}

const SHOWN_CHARACTERS = 200;

function fileText({ path, content, tensors, parameters, dtypes, bytes, unusable, metadata }: FileInfo): string {
  const types = Object.entries(dtypes).map(([dtype, count]) => `${formatCount(count)} ${dtype}`);
  const others = Object.entries(unusable).map(([type, count]) => `${count} tensors of ${type}, which cannot be used`);
  return [
    content,
    `file        ${path} (${formatBytes(bytes)})`,
    `tensors     ${tensors}`,
    `parameters  ${formatCount(parameters)} (${[...types, ...others].join(", ") || "none"})`,
    ...Object.entries(metadata).map(([key, value]) => `metadata    ${printable(key)}: ${printable(value)}`),
  ].join("\n");
}

/** On one line, without characters that steer a terminal, not too long. */
function printable(text: string): string {
  const plain = text.replace(/[\p{C}\p{Zl}\p{Zp}]+/gu, " ");
  return plain.length > SHOWN_CHARACTERS ? `${plain.slice(0, SHOWN_CHARACTERS)}…` : plain;
}
