// Text chunks of PNG files: tEXt, zTXt, iTXt (PNG specification, third edition, 11.3.3).
import { crc32, inflateSync } from "node:zlib";

/** The longest text that is read, in bytes, compressed or not; longer ones are left out. */
export const TEXT_LIMIT = 8 * 1024 * 1024;
/** All texts of a file together; what comes after is left out. */
const TOTAL_LIMIT = 4 * TEXT_LIMIT;

const SIGNATURE = 8;

interface Chunk {
  readonly type: string;
  readonly data: Buffer;
  /** Where the next chunk begins. */
  readonly end: number;
}

/** The PNG with texts added behind its header chunk, in order. */
export function insertPngTexts(png: Uint8Array, texts: readonly (readonly [keyword: string, text: string])[]): Buffer {
  const header = chunkAt(Buffer.from(png), SIGNATURE)?.end ?? png.length;
  const chunks = texts.map(([keyword, text]) =>
    // keyword, no compression (flag, method), no language, no translated keyword
    chunkOf("iTXt", Buffer.concat([Buffer.from(keyword, "latin1"), Buffer.alloc(5), Buffer.from(text, "utf8")])),
  );
  return Buffer.concat([png.subarray(0, header), ...chunks, png.subarray(header)]);
}

/** Every readable text by keyword, the first of each. Damaged chunks are left out; reading stops where the structure breaks. */
export function readPngTexts(png: Uint8Array): Map<string, string> {
  const texts = new Map<string, string>();
  let total = 0;
  for (const { type, data } of chunksOf(png)) {
    const entry = TEXT_CHUNKS[type]?.(data);
    if (!entry || texts.has(entry[0])) continue;
    total += entry[1].length;
    if (total > TOTAL_LIMIT) break;
    texts.set(...entry);
  }
  return texts;
}

/** The TIFF block of the eXIf chunk. */
export function pngExif(png: Uint8Array): Buffer | undefined {
  for (const { type, data } of chunksOf(png)) if (type === "eXIf") return data;
  return undefined;
}

function* chunksOf(png: Uint8Array): Generator<Chunk> {
  const file = Buffer.from(png.buffer, png.byteOffset, png.length);
  for (let chunk = chunkAt(file, SIGNATURE); chunk; chunk = chunkAt(file, chunk.end)) {
    yield chunk;
    if (chunk.type === "IEND") return;
  }
}

function chunkAt(file: Buffer, offset: number): Chunk | undefined {
  if (offset + 12 > file.length) return undefined;
  const end = offset + 12 + file.readUInt32BE(offset);
  if (end > file.length) return undefined;
  return { type: file.toString("latin1", offset + 4, offset + 8), data: file.subarray(offset + 8, end - 4), end };
}

function chunkOf(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const chunk = Buffer.alloc(body.length + 8);
  chunk.writeUInt32BE(data.length);
  body.copy(chunk, 4);
  chunk.writeUInt32BE(crc32(body), body.length + 4);
  return chunk;
}

type Entry = readonly [keyword: string, text: string];

const TEXT_CHUNKS: Readonly<Record<string, ((data: Buffer) => Entry | undefined) | undefined>> = {
  tEXt(data) {
    const [keyword, text] = splitAtZero(data);
    return text && entry(keyword, text, "latin1");
  },
  zTXt(data) {
    const [keyword, rest] = splitAtZero(data);
    const text = rest && inflate(rest.subarray(1)); // after the compression method
    return text && entry(keyword, text, "latin1");
  },
  iTXt(data) {
    const [keyword, rest] = splitAtZero(data);
    if (!rest || rest.length < 2) return undefined;
    const [, afterLanguage] = splitAtZero(rest.subarray(2));
    const body = afterLanguage && splitAtZero(afterLanguage)[1];
    const text = body && (rest[0] === 1 ? inflate(body) : body);
    return text && entry(keyword, text, "utf8");
  },
};

function entry(keyword: Buffer, text: Buffer, encoding: "latin1" | "utf8"): Entry | undefined {
  return text.length > TEXT_LIMIT ? undefined : [keyword.toString("latin1"), text.toString(encoding)];
}

function splitAtZero(data: Buffer): [before: Buffer, after: Buffer | undefined] {
  const zero = data.indexOf(0);
  return zero < 0 ? [data, undefined] : [data.subarray(0, zero), data.subarray(zero + 1)];
}

function inflate(data: Buffer): Buffer | undefined {
  try {
    return inflateSync(data, { maxOutputLength: TEXT_LIMIT });
  } catch {
    return undefined;
  }
}
