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

/** One tensor as the header declares it; sizes beyond 2⁵³ stay exact until they are checked. */
export interface HeaderEntry {
  readonly dtype: string;
  readonly shape: readonly (number | bigint)[];
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
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_E = 0x65;

/**
 * Parses the header's bytes. A tensor named twice counts with its last entry; a field or `__metadata__` given twice is an error.
 * @throws HeaderError
 */
export function parseHeader(bytes: Buffer): Header {
  if (!isUtf8(bytes)) throw new HeaderError("the header is not UTF-8");
  const json = new Cursor(bytes);
  let metadata: Record<string, string> | undefined;
  const entries = new Map<string, HeaderEntry>();
  json.object((key) => {
    if (key !== "__metadata__")
      return void entries.set(
        key,
        within(key, () => readEntry(json)),
      );
    if (metadata) throw json.error("__metadata__ stands there twice");
    metadata = readMetadata(json);
  });
  json.finish();
  return { metadata: metadata ?? noMetadata(), entries };
}

const noMetadata = (): Record<string, string> => Object.create(null) as Record<string, string>;

function readMetadata(json: Cursor): Record<string, string> {
  const metadata = noMetadata();
  if (json.literal("null")) return metadata;
  json.object((key) => {
    metadata[key] = json.string();
  });
  return metadata;
}

/** Runs `read`, naming the tensor in its error. */
function within<T>(name: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof HeaderError) throw new HeaderError(`tensor ${quoted(name)}: ${error.message}`);
    throw error;
  }
}

/** A name for a message: quoted, on one line, of bounded length. */
export const quoted = (name: string): string => JSON.stringify(name.length > 120 ? `${name.slice(0, 120)}…` : name);

type Fields = { -readonly [K in keyof HeaderEntry]?: HeaderEntry[K] };

/** `{"dtype", "shape", "data_offsets"}` in any order, other keys ignored; or the same three as an array, which serde takes too. */
function readEntry(json: Cursor): HeaderEntry {
  const fields: Fields = {};
  if (json.peek() === OPEN_ARRAY) readEntryArray(json, fields);
  else json.object((key) => readField(json, key, fields));
  const { dtype, shape, begin, end } = fields;
  if (dtype === undefined) throw json.error("dtype is missing");
  if (shape === undefined) throw json.error("shape is missing");
  if (begin === undefined || end === undefined) throw json.error("data_offsets is missing");
  return { dtype, shape, begin, end };
}

function readEntryArray(json: Cursor, fields: Fields): void {
  const order = ["dtype", "shape", "data_offsets"];
  let count = 0;
  json.array(() => {
    const key = order[count++];
    if (key === undefined) throw json.error("an entry has three fields");
    readField(json, key, fields);
  });
}

function readField(json: Cursor, key: string, fields: Fields): void {
  if (key === "dtype") {
    if (fields.dtype !== undefined) throw json.error("dtype stands there twice");
    fields.dtype = readDtype(json);
  } else if (key === "shape") {
    if (fields.shape) throw json.error("shape stands there twice");
    const shape: (number | bigint)[] = [];
    json.array(() => void shape.push(json.unsigned()));
    fields.shape = shape;
  } else if (key === "data_offsets") {
    if (fields.begin !== undefined) throw json.error("data_offsets stands there twice");
    [fields.begin, fields.end] = readOffsets(json);
  } else json.skip();
}

function readOffsets(json: Cursor): [number, number] {
  const offsets: number[] = [];
  json.array(() => {
    if (offsets.length === 2) throw json.error("data_offsets has two numbers");
    offsets.push(Number(json.unsigned()));
  });
  const [begin, end] = offsets;
  if (begin === undefined || end === undefined) throw json.error("data_offsets has two numbers");
  return [begin, end];
}

/** `"F32"`, or `{"F32": null}` as serde also spells a unit variant. */
function readDtype(json: Cursor): string {
  let name: string | undefined;
  if (json.peek() === OPEN_OBJECT) {
    json.object((key) => {
      if (name !== undefined || !json.literal("null")) throw json.error("dtype is not a string");
      name = key;
    });
  } else name = json.string();
  if (name === undefined || !BITS.has(name)) throw json.error(`dtype ${quoted(name ?? "")} is not one of the format's`);
  return name;
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

  object(value: (key: string) => void): void {
    this.#items(OPEN_OBJECT, CLOSE_OBJECT, "an object", () => {
      const key = this.string();
      this.#expect(COLON, "`:`");
      value(key);
    });
  }

  array(value: () => void): void {
    this.#items(OPEN_ARRAY, CLOSE_ARRAY, "an array", value);
  }

  #items(open: number, close: number, what: string, item: () => void): void {
    this.#expect(open, what);
    if (++this.#depth > MAX_DEPTH) throw this.error("the header is nested too deeply");
    if (this.peek() === close) this.#at++;
    else
      do item();
      while (this.#more(close));
    this.#depth--;
  }

  /** Past a comma: true. Past the closing bracket: false. */
  #more(close: number): boolean {
    const byte = this.peek();
    if (byte !== COMMA && byte !== close) throw this.error("a `,` or a closing bracket is missing");
    this.#at++;
    return byte === COMMA;
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
    let all = 0;
    for (let byte = bytes[this.#at]; byte !== QUOTE; byte = bytes[++this.#at]) {
      if (byte === undefined) throw this.error("a string does not end");
      if (byte < 0x20) throw this.error("a control character stands in a string");
      all |= byte;
      if (byte !== BACKSLASH) continue;
      escaped = true;
      this.#at++;
    }
    const end = this.#at++;
    if (escaped) return this.#unescaped(start - 1, end + 1);
    return all < 0x80 ? bytes.toString("latin1", start, end) : bytes.toString("utf8", start, end);
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

  /** An integer from 0 to 2⁶⁴ − 1, written without sign, fraction or exponent; a bigint from 10¹⁵ on. */
  unsigned(): number | bigint {
    const first = this.peek();
    if (first === undefined || first < ZERO || first > NINE) throw this.error("a whole number ≥ 0 is missing");
    const text = this.#number();
    if (!/^\d+$/.test(text)) throw this.error(`${text.slice(0, 40)} is not a whole number`);
    if (text.length <= 15) return Number(text);
    if (text.length > 20 || BigInt(text) > MAX_U64) throw this.error("a number exceeds 64 bits");
    return BigInt(text);
  }

  /** Steps over any value, checking it. */
  skip(): void {
    const first = this.peek();
    if (first === QUOTE) this.string();
    else if (first === OPEN_OBJECT) this.object(() => this.skip());
    else if (first === OPEN_ARRAY) this.array(() => this.skip());
    else if (first !== undefined && (first === MINUS || (first >= ZERO && first <= NINE))) {
      if (!Number.isFinite(Number(this.#number()))) throw this.error("a number is out of range");
    } else if (!this.literal("null") && !this.literal("true") && !this.literal("false"))
      throw this.error("a value is missing");
  }

  /** The text of a number of the JSON grammar. */
  #number(): string {
    const bytes = this.#bytes;
    const start = this.#at;
    if (bytes[this.#at] === MINUS) this.#at++;
    if (bytes[this.#at] === ZERO) this.#at++;
    else this.#digits();
    if (bytes[this.#at] === POINT) {
      this.#at++;
      this.#digits();
    }
    if (((bytes[this.#at] ?? 0) | 0x20) === LOWER_E) {
      this.#at++;
      if (bytes[this.#at] === PLUS || bytes[this.#at] === MINUS) this.#at++;
      this.#digits();
    }
    return bytes.toString("latin1", start, this.#at);
  }

  #digits(): void {
    const start = this.#at;
    for (let byte = this.#bytes[start]; byte !== undefined && byte >= ZERO && byte <= NINE;)
      byte = this.#bytes[++this.#at];
    if (this.#at === start) throw this.error("a number lacks digits");
  }
}
