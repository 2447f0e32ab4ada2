// A writer of protocol-buffer wire format: just what ONNX needs.

/** One message under construction. */
export class Message {
  readonly #parts: Uint8Array[] = [];
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** int32, int64, enum, bool: a varint (negative numbers as 64-bit two's complement). */
  varint(field: number, value: number | bigint): this {
    return this.#push(tag(field, 0)).#push(varintBytes(BigInt.asUintN(64, BigInt(value))));
  }

  /** float: 32 bits. */
  float(field: number, value: number): this {
    return this.#push(tag(field, 5)).#push(new Uint8Array(Float32Array.of(value).buffer));
  }

  string(field: number, value: string): this {
    return this.bytes(field, new TextEncoder().encode(value));
  }

  bytes(field: number, value: Uint8Array): this {
    return this.#push(tag(field, 2))
      .#push(varintBytes(BigInt(value.length)))
      .#push(value);
  }

  message(field: number, value: Message): this {
    this.#push(tag(field, 2)).#push(varintBytes(BigInt(value.#length)));
    for (const part of value.#parts) this.#push(part);
    return this;
  }

  /** Packed repeated int64. */
  packed(field: number, values: readonly number[]): this {
    const packed = new Message();
    for (const value of values) packed.#push(varintBytes(BigInt.asUintN(64, BigInt(value))));
    return this.message(field, packed);
  }

  finish(): Uint8Array {
    const out = new Uint8Array(this.#length);
    let offset = 0;
    for (const part of this.#parts) {
      out.set(part, offset);
      offset += part.length;
    }
    return out;
  }

  #push(part: Uint8Array): this {
    this.#parts.push(part);
    this.#length += part.length;
    return this;
  }
}

const tag = (field: number, wireType: number): Uint8Array => varintBytes(BigInt(field * 8 + wireType));

function varintBytes(value: bigint): Uint8Array {
  const bytes: number[] = [];
  while (value >= 128n) {
    bytes.push(Number(value & 127n) | 128);
    value >>= 7n;
  }
  bytes.push(Number(value));
  return Uint8Array.from(bytes);
}
