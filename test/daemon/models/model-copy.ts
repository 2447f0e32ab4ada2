// Copies of the tiny reference models, to be changed and broken.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PICTURES = join(import.meta.dirname, "../../golden/pictures");

/** The folder of a tiny reference model. */
export const referenceModel = (name: string): string => join(PICTURES, name, "model");

type Json = Record<string, unknown>;

/** A copy in a temporary folder, taken away at the end of its block. */
export class ModelCopy implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "model copy "));

  constructor(name: string) {
    cpSync(referenceModel(name), this.path, { recursive: true });
  }

  /** Rewrites a JSON file by its path in the folder. */
  editJson(file: string, edit: (json: Json) => Json): this {
    const path = join(this.path, file);
    writeFileSync(path, JSON.stringify(edit(JSON.parse(readFileSync(path, "utf8")) as Json)));
    return this;
  }

  write(file: string, text: string): this {
    writeFileSync(join(this.path, file), text);
    return this;
  }

  remove(file: string): this {
    rmSync(join(this.path, file), { recursive: true });
    return this;
  }

  /** Rewrites a safetensors file: its header as JSON, and the bytes after it. */
  editWeights(file: string, edit: (header: Json, data: Buffer) => Json): this {
    const path = join(this.path, file);
    const bytes = readFileSync(path);
    const length = Number(bytes.readBigUInt64LE(0));
    const data = Buffer.from(bytes.subarray(8 + length));
    const header = Buffer.from(JSON.stringify(edit(JSON.parse(bytes.toString("utf8", 8, 8 + length)) as Json, data)));
    const size = Buffer.alloc(8);
    size.writeBigUInt64LE(BigInt(header.length));
    writeFileSync(path, Buffer.concat([size, header, data]));
    return this;
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true });
  }
}
