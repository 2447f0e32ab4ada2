// Weights files made by the tests.
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** The bytes of a safetensors file: a header (an object is written as JSON) and data. */
export function safetensors(header: object | string, data: Uint8Array = new Uint8Array()): Buffer {
  const text = Buffer.from(typeof header === "string" ? header : JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** A file of one-element f32 tensors, each holding its index. */
export function tensorsNamed(...names: string[]): Buffer {
  const entries = names.map((name, i) => [name, { dtype: "F32", shape: [1], data_offsets: [4 * i, 4 * i + 4] }]);
  return safetensors(
    Object.fromEntries(entries) as object,
    new Uint8Array(Float32Array.from(names, (_, i) => i).buffer),
  );
}

/** Writes a file, making its folder. */
export function put(path: string, content: Uint8Array | string | object): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, typeof content === "string" || content instanceof Uint8Array ? content : JSON.stringify(content));
  return path;
}
