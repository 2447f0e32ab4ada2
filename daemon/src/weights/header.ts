// The JSON header of a safetensors file, accepted and refused exactly as the reference reader does (serde_json's grammar).
import { isUtf8 } from "node:buffer";

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

const MAX_DEPTH = 127;
const MAX_U64 = (1n << 64n) - 1n;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OBJECT = 0x7b;
const ARRAY = 0x5b;
const TO_CLOSING = 2; // from `{` to `}`, from `[` to `]`
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_E = 0x65;
const UPPER_E = 0x45;

/**
 * Parses the header's bytes. A tensor named twice counts with its last entry; a field or `__metadata__` given twice is an error.
 * @throws HeaderError
 */
export function parseHeader(bytes: Buffer): Header {
  if (!isUtf8(bytes)) throw new HeaderError("the header is not UTF-8");
  const json = new Cursor(bytes);
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

function readMetadata(json: Cursor): Record<string, string> {
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

function readEntry(json: Cursor, name: string): HeaderEntry {
  try {
    return readFields(json, { name, dtype: undefined, shape: undefined, elements: undefined, begin: NaN, end: NaN });
  } catch (error) {
    if (error instanceof HeaderError) throw new HeaderError(`tensor ${quoted(name)}: ${error.message}`);
    throw error;
  }
}

const FIELDS = ["dtype", "shape", "data_offsets"] as const;

/** The three fields in any order, other keys ignored; or the three as an array, which serde takes too. */
function readFields(json: Cursor, entry: Draft): HeaderEntry {
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
  if (Number.isNaN(entry.begin)) throw json.error("data_offsets is missing");
  return entry as HeaderEntry;
}

function readField(json: Cursor, field: string, entry: Draft): void {
  const once = (unset: boolean) => {
    if (!unset) throw json.error(`${field} stands there twice`);
  };
  if (field === "dtype") {
    once(entry.dtype === undefined);
    entry.dtype = readDtype(json);
  } else if (field === "shape") {
    once(entry.shape === undefined);
    readShape(json, entry);
  } else if (field === "data_offsets") {
    once(Number.isNaN(entry.begin));
    readOffsets(json, entry);
  } else json.skip();
}

function readShape(json: Cursor, entry: Draft): void {
  const shape: number[] = [];
  let elements: number | bigint | undefined = 1;
  for (let more = json.open(ARRAY); more; more = json.more(ARRAY)) {
    const size = json.unsigned();
    shape.push(Number(size));
    elements = product(elements, size);
  }
  entry.shape = shape;
  entry.elements = elements === undefined ? undefined : Number(elements);
}

/** a·b, exact; undefined once it passes 64 bits. */
function product(a: number | bigint | undefined, b: number | bigint): number | bigint | undefined {
  if (a === undefined) return undefined;
  if (typeof a === "number" && typeof b === "number" && a * b <= Number.MAX_SAFE_INTEGER) return a * b;
  const exact = BigInt(a) * BigInt(b);
  return exact > MAX_U64 ? undefined : exact;
}

function readOffsets(json: Cursor, entry: Draft): void {
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
function readDtype(json: Cursor): string {
  const dtype = json.peek() === OBJECT ? readVariant(json) : json.string();
  if (!BITS.has(dtype)) throw json.error(`dtype ${quoted(dtype)} is not one of the format's`);
  return dtype;
}

function readVariant(json: Cursor): string {
  const name = json.open(OBJECT) ? json.key() : "";
  if (!json.literal("null") || json.more(OBJECT)) throw json.error("dtype is not a string");
  return name;
}

/** Words that come with every tensor, by the hash that `string` computes: making them anew costs most of the time. */
const WORDS: ReadonlyMap<number, string> = new Map([...FIELDS, ...BITS.keys()].map((word) => [hashOf(word), word]));

function hashOf(word: string): number {
  let hash = 0;
  for (let i = 0; i < word.length; i++) hash = (hash * 31 + word.charCodeAt(i)) | 0;
  return hash;
}

function matches(bytes: Buffer, start: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word.charCodeAt(i)) return false;
  return true;
}

/** A position in strict JSON text; reads values in place without building a tree. */
class Cursor {
  readonly #bytes: Buffer;
  #at = 0;
  #depth = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  error(what: string): HeaderError {
    return new HeaderError(`${what} (header byte ${this.#at})`);
  }

  /** The next byte that is not white space; undefined at the end. */
  peek(): number | undefined {
    const bytes = this.#bytes;
    for (;;) {
      const byte = bytes[this.#at];
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) return byte;
      this.#at++;
    }
  }

  finish(): void {
    if (this.peek() !== undefined) throw this.error("there is something after the header's object");
  }

  /** Into an object or an array, named by its opening bracket; false when it is empty (and then already left). */
  open(kind: typeof OBJECT | typeof ARRAY): boolean {
    this.#expect(kind, kind === OBJECT ? "an object" : "an array");
    if (++this.#depth > MAX_DEPTH) throw this.error("the header is nested too deeply");
    if (this.peek() !== kind + TO_CLOSING) return true;
    this.#leave();
    return false;
  }

  /** To the next item of the innermost object or array; false at its end (and then left). */
  more(kind: typeof OBJECT | typeof ARRAY): boolean {
    const byte = this.peek();
    if (byte === COMMA) {
      this.#at++;
      return true;
    }
    if (byte !== kind + TO_CLOSING) throw this.error("a `,` or a closing bracket is missing");
    this.#leave();
    return false;
  }

  #leave(): void {
    this.#at++;
    this.#depth--;
  }

  /** A key and its colon. */
  key(): string {
    const key = this.string();
    this.#expect(COLON, "`:`");
    return key;
  }

  #expect(byte: number, what: string): void {
    if (this.peek() !== byte) throw this.error(`${what} is missing`);
    this.#at++;
  }

  /** Steps over `word` if it comes next. */
  literal(word: "null" | "true" | "false"): boolean {
    this.peek();
    if (this.#bytes.toString("latin1", this.#at, this.#at + word.length) !== word) return false;
    this.#at += word.length;
    return true;
  }

  string(): string {
    this.#expect(QUOTE, "a string");
    const bytes = this.#bytes;
    const start = this.#at;
    let escaped = false;
    let seen = 0;
    let hash = 0;
    for (let byte = bytes[this.#at]; byte !== QUOTE; byte = bytes[++this.#at]) {
      if (byte === undefined) throw this.error("a string does not end");
      if (byte < 0x20) throw this.error("a control character stands in a string");
      seen |= byte;
      hash = (hash * 31 + byte) | 0;
      if (byte !== BACKSLASH) continue;
      escaped = true;
      this.#at++;
    }
    const end = this.#at++;
    if (escaped) return this.#unescaped(start - 1, end + 1);
    if (seen >= 0x80) return bytes.toString("utf8", start, end);
    const word = WORDS.get(hash);
    if (word?.length === end - start && matches(bytes, start, word)) return word;
    return bytes.toString("latin1", start, end);
  }

  #unescaped(start: number, end: number): string {
    let text: unknown;
    try {
      text = JSON.parse(this.#bytes.toString("utf8", start, end));
    } catch {
      throw this.error("a string holds an invalid escape");
    }
    if (typeof text !== "string" || !text.isWellFormed()) throw this.error("a string holds half of a surrogate pair");
    return text;
  }

  /** An integer from 0 to 2⁶⁴ − 1, written without sign, fraction or exponent; a bigint from 16 digits on. */
  unsigned(): number | bigint {
    const first = this.peek();
    if (first === undefined || first < ZERO || first > NINE) throw this.error("a whole number ≥ 0 is missing");
    const start = this.#at;
    const value = this.#whole();
    const next = this.#bytes[this.#at];
    if (next === POINT || next === LOWER_E || next === UPPER_E) throw this.error("a number is not whole");
    if (this.#at - start <= 15) return value;
    const text = this.#bytes.toString("latin1", start, this.#at);
    if (text.length > 20 || BigInt(text) > MAX_U64) throw this.error("a number exceeds 64 bits");
    return BigInt(text);
  }

  /** Steps over any value, checking it. */
  skip(): void {
    const first = this.peek();
    if (first === QUOTE) this.string();
    else if (first === OBJECT || first === ARRAY) {
      for (let more = this.open(first); more; more = this.more(first)) {
        if (first === OBJECT) this.key();
        this.skip();
      }
    } else if (first !== undefined && (first === MINUS || (first >= ZERO && first <= NINE))) {
      if (!Number.isFinite(Number(this.#number()))) throw this.error("a number is out of range");
    } else if (!this.literal("null") && !this.literal("true") && !this.literal("false"))
      throw this.error("a value is missing");
  }

  /** The text of a number of the JSON grammar. */
  #number(): string {
    const bytes = this.#bytes;
    const start = this.#at;
    if (bytes[this.#at] === MINUS) this.#at++;
    this.#whole();
    if (bytes[this.#at] === POINT) {
      this.#at++;
      this.#digits();
    }
    if (bytes[this.#at] === LOWER_E || bytes[this.#at] === UPPER_E) {
      this.#at++;
      if (bytes[this.#at] === PLUS || bytes[this.#at] === MINUS) this.#at++;
      this.#digits();
    }
    return bytes.toString("latin1", start, this.#at);
  }

  /** Digits before a point: a lone 0, or no leading 0. Their value, rounded from 16 digits on. */
  #whole(): number {
    if (this.#bytes[this.#at] !== ZERO) return this.#digits();
    this.#at++;
    return 0;
  }

  #digits(): number {
    const start = this.#at;
    let value = 0;
    for (
      let byte = this.#bytes[start];
      byte !== undefined && byte >= ZERO && byte <= NINE;
      byte = this.#bytes[++this.#at]
    )
      value = value * 10 + (byte - ZERO);
    if (this.#at === start) throw this.error("a number lacks digits");
    return value;
  }
}
