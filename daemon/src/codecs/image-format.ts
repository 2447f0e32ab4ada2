// Which picture format some bytes are, by their magic numbers.

export type ImageFormat = "png" | "jpeg" | "webp" | "avif" | "gif" | "tiff";

/** The format of a file's first bytes; undefined for everything that is not decoded here, SVG, PDF and HEIC included. */
export function imageFormatOf(bytes: Uint8Array): ImageFormat | undefined {
  const head = Buffer.from(bytes.subarray(0, 64)).toString("latin1");
  if (head.startsWith("\x89PNG\r\n\x1a\n")) return "png";
  if (head.startsWith("\xff\xd8\xff")) return "jpeg";
  if (head.startsWith("RIFF") && head.slice(8, 12) === "WEBP") return "webp";
  if (/^GIF8[79]a/.test(head)) return "gif";
  if (/^(II\*\0|MM\0\*)/.test(head)) return "tiff";
  if (head.slice(4, 8) === "ftyp" && brands(bytes).includes("avif")) return "avif";
  return undefined;
}

/** Major and compatible brands of an ISO base media file; HEIC files lack `avif` among them. */
function brands(bytes: Uint8Array): string[] {
  const size = Math.min(Buffer.from(bytes.subarray(0, 4)).readUInt32BE(), 256, bytes.length);
  const names = Buffer.from(bytes.subarray(8, size)).toString("latin1");
  return names.match(/.{4}/gs) ?? [];
}
