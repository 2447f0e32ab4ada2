// Strict JSON read in place, value by value, without building a tree: the grammar and the limits of Rust's serde_json.

/** What breaks the grammar, and at which byte. */
export class JsonError extends Error {
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** The opening brackets, which name the kind of a value. */
export const OBJECT = 0x7b;
export const ARRAY = 0x5b;
type Bracket = typeof OBJECT | typeof ARRAY;

const TO_CLOSING = 2; // from `{` to `}`, from `[` to `]`
const MAX_DEPTH = 127;
const MAX_U64 = (1n << 64n) - 1n;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const PLUS = 0x2b;
const POINT = 0x2e;
const ZERO = 0x30;
const NINE = 0x39;
const LOWER_E = 0x65;
const UPPER_E = 0x45;

/** Words that come with every tensor of a weights file, by the hash that `string` computes: making them anew costs most of the time. */
const FREQUENT = ["dtype", "shape", "data_offsets", "F64", "F32", "F16", "BF16", "I64", "I32", "I8", "U8", "BOOL"];
const WORDS: ReadonlyMap<number, string> = new Map(FREQUENT.map((word) => [hashOf(word), word]));

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
export class JsonCursor {
  readonly #bytes: Buffer;
  #at = 0;
  #depth = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  error(what: string): JsonError {
    return new JsonError(what, this.#at);
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
    if (this.peek() !== undefined) throw this.error("something stands after the end");
  }

  /** Into an object or an array, named by its opening bracket; false when it is empty (and then already left). */
  open(kind: Bracket): boolean {
    this.#expect(kind, kind === OBJECT ? "an object" : "an array");
    if (++this.#depth > MAX_DEPTH) throw this.error("it is nested too deeply");
    if (this.peek() !== kind + TO_CLOSING) return true;
    this.#leave();
    return false;
  }

  /** To the next item of the innermost object or array; false at its end (and then left). */
  more(kind: Bracket): boolean {
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
