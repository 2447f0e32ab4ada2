// Metadata chunks of WebP files: EXIF and XMP in the RIFF container (RFC 9649, 2.7).
import type { MetadataBlocks } from "./jpeg-metadata.ts";
import { recordInXmp, xmpWithRecord } from "./xmp.ts";

const EXIF_FLAG = 0x08;
const XMP_FLAG = 0x04;
const ALPHA_FLAG = 0x10;

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
}

/** The WebP in its extended form with blocks at the end. `width` and `height` are those of the picture. */
export function insertWebpMetadata(webp: Uint8Array, blocks: MetadataBlocks, width: number, height: number): Buffer {
  const chunks = [...chunksOf(webp)];
  const flags = (blocks.exif ? EXIF_FLAG : 0) | (blocks.record === undefined ? 0 : XMP_FLAG);
  const rest = chunks.filter(({ type }) => type !== "VP8X");
  const all: Chunk[] = [extendedHeader(chunks, flags, width, height), ...rest];
  if (blocks.exif) all.push({ type: "EXIF", data: blocks.exif });
  if (blocks.record !== undefined) all.push({ type: "XMP ", data: xmpWithRecord(blocks.record) });
  const body = Buffer.concat([Buffer.from("WEBP", "latin1"), ...all.map(serialise)]);
  return serialise({ type: "RIFF", data: body });
}

function extendedHeader(chunks: readonly Chunk[], flags: number, width: number, height: number): Chunk {
  const present = chunks.find(({ type }) => type === "VP8X");
  const data = present ? Buffer.from(present.data) : Buffer.alloc(10);
  if (!present) {
    data.writeUIntLE(width - 1, 4, 3);
    data.writeUIntLE(height - 1, 7, 3);
    // A lossless stream says in bit 28 of its header whether it has alpha.
    const lossless = chunks.find(({ type }) => type === "VP8L")?.data;
    if (lossless && (lossless[4]! & 0x10) !== 0) data[0]! |= ALPHA_FLAG;
  }
  data[0]! |= flags;
  return { type: "VP8X", data };
}

function serialise({ type, data }: Chunk): Buffer {
  const head = Buffer.alloc(8);
  head.write(type, "latin1");
  head.writeUInt32LE(data.length, 4);
  return Buffer.concat([head, data, Buffer.alloc(data.length % 2)]);
}

/** The EXIF block and our record. Reading stops where the chunks break off. */
export function readWebpMetadata(webp: Uint8Array): MetadataBlocks {
  const chunks = [...chunksOf(webp)];
  const exif = chunks.find(({ type }) => type === "EXIF")?.data;
  const xmp = chunks.find(({ type }) => type === "XMP ")?.data;
  const record = xmp && recordInXmp(xmp);
  return { ...(exif && { exif }), ...(record !== undefined && { record }) };
}

function* chunksOf(webp: Uint8Array): Generator<Chunk> {
  const file = Buffer.from(webp.buffer, webp.byteOffset, webp.length);
  for (let at = 12; at + 8 <= file.length;) {
    const size = file.readUInt32LE(at + 4);
    if (at + 8 + size > file.length) return;
    yield { type: file.toString("latin1", at, at + 4), data: file.subarray(at + 8, at + 8 + size) };
    at += 8 + size + (size % 2);
  }
}
