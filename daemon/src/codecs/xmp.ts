// XMP packets that hold our record: one property of a namespace of ours (XMP specification part 1, ISO 16684-1).

const NAMESPACE = "urn:diffusion:record:1";
const OPEN = "<diffusion:record>";
const CLOSE = "</diffusion:record>";
const ATTRIBUTE = 'diffusion:record="';

const packet = (description: string): string =>
  '<?xpacket begin="\uFEFF" id="W5M0MpCehiHzreSzNTczkc9d"?>' +
  '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
  `${description}</rdf:RDF></x:xmpmeta><?xpacket end="r"?>`;

/** A packet with the record's JSON in it. */
export function xmpWithRecord(json: string): Buffer {
  return Buffer.from(packet(recordDescription(json)), "utf8");
}

/** The part of a packet that may be moved out of it when a JPEG segment is too short (XMP part 3, extended XMP). */
export function extendedXmp(json: string): Buffer {
  return Buffer.from(
    '<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' +
      `${recordDescription(json)}</rdf:RDF></x:xmpmeta>`,
    "utf8",
  );
}

/** The packet that announces an extended one by the MD5 of its bytes. */
export function xmpAnnouncing(md5: string): Buffer {
  const description =
    '<rdf:Description rdf:about="" xmlns:xmpNote="http://ns.adobe.com/xmp/note/" ' +
    `xmpNote:HasExtendedXMP="${md5}"/>`;
  return Buffer.from(packet(description), "utf8");
}

const recordDescription = (json: string): string =>
  `<rdf:Description rdf:about="" xmlns:diffusion="${NAMESPACE}">${OPEN}${escape(json)}${CLOSE}</rdf:Description>`;

/** The record's JSON from a packet; programs that rewrite XMP may have made an attribute of it. */
export function recordInXmp(xmp: Buffer): string | undefined {
  const text = xmp.toString("utf8");
  if (!text.includes(NAMESPACE)) return undefined;
  const found = between(text, OPEN, CLOSE) ?? between(text, ATTRIBUTE, '"');
  return found === undefined ? undefined : unescape(found);
}

function between(text: string, open: string, close: string): string | undefined {
  const start = text.indexOf(open);
  const end = text.indexOf(close, start + open.length);
  return start < 0 || end < 0 ? undefined : text.slice(start + open.length, end);
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

/** JSON already escapes control characters; U+FFFE and U+FFFF, which XML forbids, become JSON escapes too. */
const escape = (json: string): string =>
  json
    .replace(/[\uFFFE\uFFFF]/g, (c) => `\\u${c.charCodeAt(0).toString(16)}`)
    .replace(/[&<>]/g, (c) => ({ "&": "&amp;", "<": "&lt;" })[c] ?? "&gt;");

const unescape = (text: string): string =>
  text.replace(
    /&(?:#x([0-9a-f]{1,6})|#(\d{1,7})|(\w{2,4}));/gi,
    (whole, hex?: string, decimal?: string, name?: string) => {
      if (name !== undefined) return ENTITIES[name] ?? whole;
      const code = hex === undefined ? Number(decimal) : parseInt(hex, 16);
      return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    },
  );
