// EXIF blocks (a TIFF structure of tags): writing a UserComment the way A1111 does, reading comments and texts.

const EXIF_IFD = 0x8769;
const USER_COMMENT = 0x9286;
const UNICODE = Buffer.from("UNICODE\0", "latin1");
const ASCII = Buffer.from("ASCII\0\0\0", "latin1");

/** Bytes of a value of each TIFF type. */
const TYPE_SIZES: Readonly<Record<number, number>> = { 1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8 };
const MOST_TAGS = 1000;

/** A big-endian TIFF block whose only tag is the UserComment, in UTF-16 as piexif writes it for A1111. */
export function exifWithComment(comment: string): Buffer {
  const text = Buffer.concat([UNICODE, Buffer.from(comment, "utf16le").swap16()]);
  const header = Buffer.from("MM\0*\0\0\0\x08", "latin1");
  const main = directory(EXIF_IFD, 4, 1, 26);
  const sub = directory(USER_COMMENT, 7, text.length, 44);
  return Buffer.concat([header, main, sub, text]);
}

/** A directory of one tag, without a successor: 18 bytes. */
function directory(tag: number, type: number, count: number, value: number): Buffer {
  const out = Buffer.alloc(18);
  out.writeUInt16BE(1, 0);
  out.writeUInt16BE(tag, 2);
  out.writeUInt16BE(type, 4);
  out.writeUInt32BE(count, 6);
  out.writeUInt32BE(value, 10);
  return out;
}

/** What an EXIF block says in words. */
export interface ExifTexts {
  readonly comment?: string;
  /** The text tags of the main directory (description, make, model, …). */
  readonly texts: readonly string[];
}

/** Reads a TIFF block, with or without `Exif\0\0` before it. What is broken is left out. */
export function readExif(block: Buffer): ExifTexts {
  const tiff = block.toString("latin1", 0, 6) === "Exif\0\0" ? block.subarray(6) : block;
  const order = tiff.toString("latin1", 0, 2);
  if (tiff.length < 8 || (order !== "MM" && order !== "II")) return { texts: [] };
  const reader = new TiffReader(tiff, order === "II");
  const main = reader.tagsAt(reader.u32(4));
  const texts = main.filter(({ type }) => type === 2).map(({ value }) => value.toString("utf8").replace(/\0+$/, ""));
  const pointer = main.find(({ tag }) => tag === EXIF_IFD)?.value;
  const sub =
    pointer?.length === 4 ? reader.tagsAt(reader.littleEndian ? pointer.readUInt32LE() : pointer.readUInt32BE()) : [];
  const comment = [...sub, ...main].find(({ tag }) => tag === USER_COMMENT);
  return comment ? { comment: decodeComment(comment.value, reader.littleEndian), texts } : { texts };
}

interface Tag {
  readonly tag: number;
  readonly type: number;
  readonly value: Buffer;
}

/** Numbers of a TIFF block in its byte order; beyond its end everything is 0. */
class TiffReader {
  readonly tiff: Buffer;
  readonly littleEndian: boolean;

  constructor(tiff: Buffer, littleEndian: boolean) {
    this.tiff = tiff;
    this.littleEndian = littleEndian;
  }

  u16(at: number): number {
    if (at + 2 > this.tiff.length) return 0;
    return this.littleEndian ? this.tiff.readUInt16LE(at) : this.tiff.readUInt16BE(at);
  }

  u32(at: number): number {
    if (at + 4 > this.tiff.length) return 0;
    return this.littleEndian ? this.tiff.readUInt32LE(at) : this.tiff.readUInt32BE(at);
  }

  tagsAt(offset: number): Tag[] {
    const count = Math.min(this.u16(offset), MOST_TAGS);
    return Array.from({ length: count }, (_, i) => this.tagAt(offset + 2 + 12 * i));
  }

  private tagAt(at: number): Tag {
    const type = this.u16(at + 2);
    const size = (TYPE_SIZES[type] ?? 0) * this.u32(at + 4);
    const start = size <= 4 ? at + 8 : this.u32(at + 8);
    return { tag: this.u16(at), type, value: this.tiff.subarray(start, start + size) };
  }
}

/** UTF-16 is in the block's byte order by the standard, big-endian by habit (piexif); the zero bytes of Latin letters tell. */
function decodeComment(value: Buffer, littleEndian: boolean): string {
  const [code, text] = [value.subarray(0, 8), value.subarray(8)];
  if (code.equals(UNICODE)) return decodeUtf16(text, littleEndian);
  if (code.equals(ASCII) || code.every((byte) => byte === 0)) return text.toString("utf8").replace(/\0+$/, "");
  return value.toString("utf8").replace(/\0+$/, "");
}

function decodeUtf16(text: Buffer, littleEndian: boolean): string {
  const even = Buffer.from(text.subarray(0, text.length & ~1));
  let zerosFirst = 0;
  let zerosSecond = 0;
  for (let i = 0; i < even.length; i += 2) {
    if (even[i] === 0) zerosFirst++;
    if (even[i + 1] === 0) zerosSecond++;
  }
  const little = zerosFirst === zerosSecond ? littleEndian : zerosSecond > zerosFirst;
  return (little ? even : even.swap16()).toString("utf16le").replace(/^\uFEFF|\0+$/g, "");
}
