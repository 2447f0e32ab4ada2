// Recognises by content what is not safetensors: formats that can run code, other weight formats, and files that only stand for weights.
import { DiffusionError } from "../base/errors.ts";

const ascii = (bytes: Buffer, start: number, length: number): string => bytes.toString("latin1", start, start + length);

/** Protocol 2 to 5 (0x80, version, then an opcode, never 0), or the text protocols 0 and 1 up to their first opcodes. */
function isPickle(head: Buffer): boolean {
  if (head[0] === 0x80) return head[1]! >= 2 && head[1]! <= 5 && head[2] !== 0;
  return /^(?:\(*(?:c|i)[\w.]+\r?\n[\w.]+\r?\n|\((?:d|l|t)p?\d*\r?\n|[\]}](?:q.|p\d+\r?\n)?\()/s.test(
    ascii(head, 0, 200),
  );
}

const isZip = (head: Buffer): boolean => ["PK\x03\x04", "PK\x05\x06", "PK\x07\x08"].includes(ascii(head, 0, 4));

const isTar = (head: Buffer): boolean => ascii(head, 257, 5) === "ustar";

const OTHERS: readonly (readonly [magic: RegExp, what: string])[] = [
  [
    /^version https:\/\/git-lfs/,
    "it is a Git LFS pointer, not the weights themselves; run `git lfs pull` in its folder",
  ],
  [/^GGUF/, "it is a GGUF file; only safetensors can be read"],
  [/^\x89HDF\r\n/, "it is an HDF5 file; only safetensors can be read"],
  [/^\s*<(?:!doctype|html|\?xml)/i, "it is a web page, not weights; download the file again"],
];

/** Bytes of the start of a file that `refuseForeign` looks at. */
export const HEAD_BYTES = 512;

/**
 * The error for a file whose first bytes (up to `HEAD_BYTES`) are those of another format; undefined when they are of none.
 * Codes: `weights-unsafe` for pickle and the archives torch wraps it in, else `weights-invalid`.
 */
export function foreignFormat(path: string, head: Buffer): DiffusionError | undefined {
  const kind = isPickle(head) ? "a pickle" : isZip(head) ? "a zip archive" : isTar(head) ? "a tar archive" : undefined;
  if (kind) return unsafe(path, `${kind}, the format of PyTorch .pt, .bin and .ckpt files`);
  const other = OTHERS.find(([magic]) => magic.test(ascii(head, 0, 64)));
  return other && new DiffusionError("weights-invalid", `${path}: ${other[1]}`);
}

/** The refusal of weights that could run code, with the way out. */
export function unsafe(path: string, what: string): DiffusionError {
  return new DiffusionError(
    "weights-unsafe",
    `${path}: this is ${what}, which can run code when loaded; ` +
      "take the .safetensors file of the same model, or convert it with `diffusion models convert`",
  );
}
