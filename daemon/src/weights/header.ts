// The JSON header of a safetensors file, accepted and refused exactly as the reference reader does (serde_json's grammar).
import { isUtf8 } from "node:buffer";
import { ARRAY, JsonCursor, JsonError, OBJECT } from "../base/json-cursor.ts";

/** Bits of one element of every published element type. */
export const BITS: ReadonlyMap<string, number> = new Map([
  ...["F4"].map((name) => [name, 4] as const),
  ...["F6_E2M3", "F6_E3M2"].map((name) => [name, 6] as const),
  ...["BOOL", "U8", "I8", "F8_E5M2", "F8_E4M3", "F8_E8M0", "F8_E4M3FNUZ", "F8_E5M2FNUZ"].map(
    (name) => [name, 8] as const,
  ),
  ...["I16", "U16", "F16", "BF16"].map((name) => [name, 16] as const),
  ...["I32", "U32", "F32"].map((name) => [name, 32] as const),
  ...["C64", "F64", "I64", "U64"].map((name) => [name, 64] as const),
]);

/** One tensor as the header declares it. */
export interface HeaderEntry {
  readonly name: string;
  readonly dtype: string;
  readonly shape: number[];
  /** Product of the shape; undefined when a partial product passes 64 bits, even if a later 0 makes it small. */
  readonly elements: number | undefined;
  /** Byte range within the data part; not yet checked. */
  readonly begin: number;
  readonly end: number;
}

export interface Header {
  /** Has no prototype, so any key is safe to look up. */
  readonly metadata: Record<string, string>;
  readonly entries: Map<string, HeaderEntry>;
}

/** What is wrong with a header; the reader of the file adds its path. */
export class HeaderError extends Error {}

/**
 * Parses the header's bytes. A tensor named twice counts with its last entry; a field or `__metadata__` given twice is an error.
 * @throws HeaderError
 */
export function parseHeader(bytes: Buffer): Header {
  if (!isUtf8(bytes)) throw new HeaderError("the header is not UTF-8");
  try {
    return readHeader(new JsonCursor(bytes));
  } catch (error) {
    if (error instanceof JsonError) throw new HeaderError(`${error.message} (byte ${error.at} of the header)`);
    throw error;
  }
}

function readHeader(json: JsonCursor): Header {
  let metadata: Record<string, string> | undefined;
  const entries = new Map<string, HeaderEntry>();
  for (let more = json.open(OBJECT); more; more = json.more(OBJECT)) {
    const key = json.key();
    if (key !== "__metadata__") entries.set(key, readEntry(json, key));
    else if (metadata) throw json.error("__metadata__ stands there twice");
    else metadata = readMetadata(json);
  }
  json.finish();
  return { metadata: metadata ?? noMetadata(), entries };
}

const noMetadata = (): Record<string, string> => Object.create(null) as Record<string, string>;

function readMetadata(json: JsonCursor): Record<string, string> {
  const metadata = noMetadata();
  if (json.literal("null")) return metadata;
  for (let more = json.open(OBJECT); more; more = json.more(OBJECT)) metadata[json.key()] = json.string();
  return metadata;
}

/** A name for a message: quoted, on one line, of bounded length. */
export const quoted = (name: string): string => JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name);

interface Draft {
  name: string;
  dtype: string | undefined;
  shape: number[] | undefined;
  elements: number | undefined;
  begin: number;
  end: number;
}

const UNSET = -1;

function readEntry(json: JsonCursor, name: string): HeaderEntry {
  try {
    return readFields(json, {
      name,
      dtype: undefined,
      shape: undefined,
      elements: undefined,
      begin: UNSET,
      end: UNSET,
    });
  } catch (error) {
    if (error instanceof JsonError) throw new JsonError(`tensor ${quoted(name)}: ${error.message}`, error.at);
    throw error;
  }
}

const FIELDS = ["dtype", "shape", "data_offsets"] as const;

/** The three fields in any order, other keys ignored; or the three as an array, which serde takes too. */
function readFields(json: JsonCursor, entry: Draft): HeaderEntry {
  const kind = json.peek() === ARRAY ? ARRAY : OBJECT;
  let index = 0;
  for (let more = json.open(kind); more; more = json.more(kind)) {
    const field = kind === ARRAY ? FIELDS[index++] : json.key();
    if (field === undefined) throw json.error("an entry has three fields");
    readField(json, field, entry);
  }
  const { dtype, shape } = entry;
  if (dtype === undefined) throw json.error("dtype is missing");
  if (shape === undefined) throw json.error("shape is missing");
  if (entry.begin === UNSET) throw json.error("data_offsets is missing");
  return entry as HeaderEntry;
}

function readField(json: JsonCursor, field: string, entry: Draft): void {
  if (field === "dtype") {
    if (entry.dtype !== undefined) throw json.error("dtype stands there twice");
    entry.dtype = readDtype(json);
  } else if (field === "shape") {
    if (entry.shape !== undefined) throw json.error("shape stands there twice");
    readShape(json, entry);
  } else if (field === "data_offsets") {
    if (entry.begin !== UNSET) throw json.error("data_offsets stands there twice");
    readOffsets(json, entry);
  } else json.skip();
}

/** The one limit the reference reader does not have: a shape of millions of numbers would take many times the header's memory. */
const MAX_RANK = 1024;

function readShape(json: JsonCursor, entry: Draft): void {
  const shape: number[] = [];
  let elements: number | bigint | undefined = 1;
  for (let more = json.open(ARRAY); more; more = json.more(ARRAY)) {
    const size = json.unsigned();
    if (shape.push(Number(size)) > MAX_RANK) throw json.error(`the shape has more than ${MAX_RANK} dimensions`);
    elements = product(elements, size);
  }
  entry.shape = shape.slice(); // without the room to grow that push left
  entry.elements = elements === undefined ? undefined : Number(elements);
}

const MAX_U64 = (1n << 64n) - 1n;

/** a·b, exact; undefined once it passes 64 bits. */
function product(a: number | bigint | undefined, b: number | bigint): number | bigint | undefined {
  if (a === undefined) return undefined;
  if (typeof a === "number" && typeof b === "number" && a * b <= Number.MAX_SAFE_INTEGER) return a * b;
  const exact = BigInt(a) * BigInt(b);
  return exact > MAX_U64 ? undefined : exact;
}

function readOffsets(json: JsonCursor, entry: Draft): void {
  let count = 0;
  for (let more = json.open(ARRAY); more; more = json.more(ARRAY)) {
    const offset = Number(json.unsigned());
    if (count === 0) entry.begin = offset;
    else entry.end = offset;
    count++;
  }
  if (count !== 2) throw json.error("data_offsets has two numbers");
}

/** `"F32"`, or `{"F32": null}` as serde also spells a unit variant. */
function readDtype(json: JsonCursor): string {
  const dtype = json.peek() === OBJECT ? readVariant(json) : json.string();
  if (!BITS.has(dtype)) throw json.error(`dtype ${quoted(dtype)} is not one of the format's`);
  return dtype;
}

function readVariant(json: JsonCursor): string {
  const name = json.open(OBJECT) ? json.key() : "";
  if (!json.literal("null") || json.more(OBJECT)) throw json.error("dtype is not a string");
  return name;
}
