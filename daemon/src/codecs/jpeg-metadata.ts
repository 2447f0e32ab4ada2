// Metadata segments of JPEG files: EXIF and XMP in APP1 (XMP specification part 3, 1.1.3).
import { createHash } from "node:crypto";
import { extendedXmp, recordInXmp, xmpAnnouncing, xmpWithRecord } from "./xmp.ts";

const APP0 = 0xe0;
const APP1 = 0xe1;
const START_OF_SCAN = 0xda;
/** The most a segment can carry after its length field. */
const SEGMENT = 65_533;
const EXIF = Buffer.from("Exif\0\0", "latin1");
const XMP = Buffer.from("http://ns.adobe.com/xap/1.0/\0", "latin1");
const EXTENSION = Buffer.from("http://ns.adobe.com/xmp/extension/\0", "latin1");
/** Signature, MD5, total length, offset. */
const EXTENSION_HEADER = EXTENSION.length + 32 + 8;

/** Metadata blocks of a picture file. */
export interface MetadataBlocks {
  /** A TIFF structure. */
  readonly exif?: Buffer;
  /** Our record's JSON, from or for an XMP packet. */
  readonly record?: string;
}

/** The JPEG with blocks added behind its JFIF header. An EXIF block that no segment can hold is left out. */
export function insertJpegMetadata(jpeg: Uint8Array, { exif, record }: MetadataBlocks): Buffer {
  const file = Buffer.from(jpeg);
  const start = file[3] === APP0 ? 4 + file.readUInt16BE(4) : 2;
  const fits = exif && EXIF.length + exif.length <= SEGMENT;
  const segments = [
    ...(fits ? [segment(Buffer.concat([EXIF, exif]))] : []),
    ...(record === undefined ? [] : xmpSegments(record)),
  ];
  return Buffer.concat([file.subarray(0, start), ...segments, file.subarray(start)]);
}

function segment(data: Buffer): Buffer {
  const head = Buffer.from([0xff, APP1, 0, 0]);
  head.writeUInt16BE(data.length + 2, 2);
  return Buffer.concat([head, data]);
}

/** One segment; where the record is too long for it, an announcement and as many extension segments as it takes. */
function xmpSegments(record: string): Buffer[] {
  const whole = Buffer.concat([XMP, xmpWithRecord(record)]);
  if (whole.length <= SEGMENT) return [segment(whole)];
  const extended = extendedXmp(record);
  const md5 = createHash("md5").update(extended).digest("hex").toUpperCase();
  const out = [segment(Buffer.concat([XMP, xmpAnnouncing(md5)]))];
  for (let offset = 0; offset < extended.length; offset += SEGMENT - EXTENSION_HEADER) {
    const place = Buffer.alloc(8);
    place.writeUInt32BE(extended.length, 0);
    place.writeUInt32BE(offset, 4);
    const part = extended.subarray(offset, offset + SEGMENT - EXTENSION_HEADER);
    out.push(segment(Buffer.concat([EXTENSION, Buffer.from(md5, "latin1"), place, part])));
  }
  return out;
}

/** The EXIF block and our record. Reading stops where the segments break off. */
export function readJpegMetadata(jpeg: Uint8Array): MetadataBlocks {
  const segments = [...app1Segments(Buffer.from(jpeg.buffer, jpeg.byteOffset, jpeg.length))];
  const starting = (signature: Buffer): Buffer[] =>
    segments.filter((data) => data.subarray(0, signature.length).equals(signature));
  const exif = starting(EXIF)[0]?.subarray(EXIF.length);
  const packets = [
    ...starting(XMP).map((data) => data.subarray(XMP.length)),
    Buffer.concat(starting(EXTENSION).map((data) => data.subarray(EXTENSION_HEADER))),
  ];
  const record = packets.map(recordInXmp).find((json) => json !== undefined);
  return { ...(exif && { exif }), ...(record !== undefined && { record }) };
}

function* app1Segments(file: Buffer): Generator<Buffer> {
  for (let at = 2; at + 4 <= file.length && file[at] === 0xff;) {
    const marker = file[at + 1]!;
    const end = at + 2 + file.readUInt16BE(at + 2);
    if (marker === START_OF_SCAN || end > file.length || end < at + 4) return;
    if (marker === APP1) yield file.subarray(at + 4, end);
    at = end;
  }
}
