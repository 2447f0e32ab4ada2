// Safetensors files: the header is read and checked as strictly as the reference reader does; the numbers stay in the file.
// Rules: huggingface/safetensors, safetensors/src/tensor.rs (0.8).
import { open, stat, type FileHandle } from "node:fs/promises";
import { resolve } from "node:path";
import { DiffusionError } from "../base/errors.ts";
import { reason } from "../base/files.ts";
import { formatShape, type DType, type Shape } from "../tensor/tensor.ts";
import { foreignFormat, HEAD_BYTES } from "./foreign.ts";
import { BITS, HeaderError, parseHeader, quoted, type HeaderEntry } from "./header.ts";

/** Where one tensor's bytes lie: row-major, little-endian. */
export interface TensorRange {
  /** Absolute path. */
  readonly file: string;
  readonly dtype: DType;
  readonly shape: Shape;
  /** First byte, counted from the start of the file. */
  readonly offset: number;
  /** Bytes. */
  readonly length: number;
}

export interface WeightsFile {
  /** Absolute path. */
  readonly path: string;
  /** `__metadata__`; without prototype. */
  readonly metadata: Record<string, string>;
  readonly tensors: Map<string, TensorRange>;
  /** Tensors of element types no network here can use, by name: the published type. */
  readonly unusable: Map<string, string>;
}

const MAX_HEADER = 100_000_000;
const LENGTH_BYTES = 8;

const USABLE: ReadonlyMap<string, DType> = new Map<string, DType>([
  ["F64", "f64"],
  ["F32", "f32"],
  ["F16", "f16"],
  ["BF16", "bf16"],
  ["I64", "i64"],
  ["I32", "i32"],
  ["I8", "i8"],
  ["U8", "u8"],
  ["BOOL", "bool"],
]);

/**
 * Reads the header of a safetensors file, whatever its extension.
 * @throws DiffusionError `file-not-found`, `file-unreadable`; `weights-unsafe` for a pickle or an archive of one;
 * `weights-invalid` with the tensor and what is wrong
 */
export async function readWeightsFile(path: string): Promise<WeightsFile> {
  const absolute = resolve(path);
  const file = await openRegular(absolute);
  try {
    return await readHeader(file, absolute);
  } catch (error) {
    if (!(error instanceof HeaderError)) throw error;
    throw new DiffusionError("weights-invalid", `${absolute}: not a valid safetensors file: ${error.message}`);
  } finally {
    await file.close();
  }
}

/** Opens a plain file; anything else (a folder, a pipe that would block) is refused first. */
async function openRegular(path: string): Promise<FileHandle> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new DiffusionError("file-unreadable", `${path}: not a file`);
    return await open(path, "r");
  } catch (cause) {
    if (cause instanceof DiffusionError) throw cause;
    const code = (cause as NodeJS.ErrnoException).code === "ENOENT" ? "file-not-found" : "file-unreadable";
    throw new DiffusionError(code, `cannot read weights ${path}: ${reason(cause)}`, { cause });
  }
}

async function readHeader(file: FileHandle, path: string): Promise<WeightsFile> {
  const { size } = await file.stat();
  const head = await readBytes(file, path, 0, Math.min(size, HEAD_BYTES));
  const length = headerLength(head, size);
  if (typeof length === "string") throw foreignFormat(path, head) ?? new HeaderError(length);
  const { metadata, entries } = parseHeader(await readBytes(file, path, LENGTH_BYTES, length));
  const dataStart = LENGTH_BYTES + length;
  checkRanges(entries, size - dataStart);
  return { path, metadata, ...rangesOf(path, entries, dataStart) };
}

async function readBytes(file: FileHandle, path: string, offset: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  let done = 0;
  while (done < length) {
    const { bytesRead } = await file.read(bytes, done, length - done, offset + done).catch((cause: unknown) => {
      throw new DiffusionError("file-unreadable", `cannot read weights ${path}: ${reason(cause)}`, { cause });
    });
    if (bytesRead === 0) throw new DiffusionError("file-unreadable", `${path}: the file shrank while it was read`);
    done += bytesRead;
  }
  return bytes;
}

/** The header's length, or what is wrong with it. */
function headerLength(head: Buffer, size: number): number | string {
  if (size < LENGTH_BYTES) return `${size} bytes are too few`;
  const length = head.readBigUInt64LE(0);
  if (length > MAX_HEADER) return `its header claims ${length.toString()} bytes; ${MAX_HEADER} are allowed`;
  if (Number(length) + LENGTH_BYTES > size)
    return `its header claims ${length.toString()} bytes, but the file ends after ${size} (an unfinished download?)`;
  return Number(length);
}

/** The ranges, in order, must tile the data part without hole or overlap, each as long as its shape and type say. */
function checkRanges(entries: ReadonlyMap<string, HeaderEntry>, dataBytes: number): void {
  let start = 0;
  for (const entry of [...entries.values()].sort((a, b) => a.begin - b.begin || a.end - b.end)) {
    const what = rangeFault(entry, start);
    if (what) throw new HeaderError(`tensor ${quoted(entry.name)}: ${what}`);
    start = entry.end;
  }
  if (start === dataBytes) return;
  const compared = start > dataBytes ? "an unfinished download?" : "there are bytes no tensor owns";
  throw new HeaderError(`its tensors need ${start} bytes of data, but it holds ${dataBytes} (${compared})`);
}

function rangeFault({ dtype, shape, elements, begin, end }: HeaderEntry, start: number): string | undefined {
  if (end < begin) return `data_offsets [${begin}, ${end}] run backwards`;
  if (begin < start) return `data_offsets begin at ${begin}, inside another tensor that reaches to ${start}`;
  if (begin > start) return `data_offsets begin at ${begin}, but the tensors before end at ${start}`;
  if (elements === undefined) return "its shape overflows 64 bits";
  if (elements * BITS.get(dtype)! === (end - begin) * 8) return undefined;
  return `${dtype} ${formatShape(shape.slice(0, 16))} does not fill ${end - begin} bytes`;
}

/** Turns the entries into ranges, in the map they are in: a second map of 100,000 names would cost as much as the first. */
function rangesOf(
  file: string,
  entries: Map<string, HeaderEntry>,
  dataStart: number,
): Pick<WeightsFile, "tensors" | "unusable"> {
  const tensors = entries as Map<string, unknown> as Map<string, TensorRange>;
  const unusable = new Map<string, string>();
  for (const [name, { dtype: published, shape, begin, end }] of entries) {
    const dtype = USABLE.get(published);
    if (dtype) tensors.set(name, { file, dtype, shape, offset: dataStart + begin, length: end - begin });
    else unusable.set(name, published);
  }
  for (const name of unusable.keys()) tensors.delete(name);
  return { tensors, unusable };
}
