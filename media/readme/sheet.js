// Draws the README's picture anew: `npx node media/readme/sheet.js` runs the examples and puts six of their pictures in a row.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { writeFileAtomic } from "../../daemon/src/base/files.ts";
import { decodeImage } from "../../daemon/src/codecs/decode.ts";
import { encodeImage } from "../../daemon/src/codecs/encode.ts";

const SHOWN = ["first-0", "lighthouse-0", "castle-22", "seasons-autumn-0", "seasons-spring-0", "seasons-summer-0"];
const SIDE = 128;
const GAP = 8;

const root = join(import.meta.dirname, "../..");
const out = mkdtempSync(join(tmpdir(), "diffusion-sheet-"));
try {
  for (const name of new Set(SHOWN.map((shown) => shown.split("-")[0])))
    execFileSync(process.execPath, [
      join(root, "daemon/bin/diffusion.js"),
      "run",
      join(root, `media/examples/${name}.diffusion`),
      "--out",
      out,
    ]);
  const pictures = await Promise.all(SHOWN.map((name) => decodeImage(join(out, `${name}.png`), { channels: 3 })));
  const sheet = { width: SHOWN.length * (SIDE + GAP) - GAP, height: SIDE, channels: 3 };
  const data = new Uint8Array(sheet.width * sheet.height * 3).fill(255);
  for (const [i, { data: pixels }] of pictures.entries())
    for (let y = 0; y < SIDE; y++)
      data.set(pixels.subarray(y * SIDE * 3, (y + 1) * SIDE * 3), (y * sheet.width + i * (SIDE + GAP)) * 3);
  await writeFileAtomic(join(import.meta.dirname, "sheet.webp"), await encodeImage({ ...sheet, data }, "webp"));
} finally {
  rmSync(out, { recursive: true });
}
