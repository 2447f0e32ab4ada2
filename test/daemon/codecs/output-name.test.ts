// Names of results: hostile values never leave the folder and open on every system.
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fillOutputName, freeOutputPath } from "../../../daemon/src/codecs/output-name.ts";

const values = {
  file: "postcards",
  node: "final",
  index: 3,
  seed: 2n ** 64n - 1n,
  model: "vignette",
  date: new Date(2026, 0, 9, 23, 59),
};

test.each<[template: string, name: string]>([
  ["{file}-{node}-{index}", "postcards-final-3"],
  ["{model}/{date}/{seed}", "vignette/2026-01-09/18446744073709551615"],
  ["{node}{other}{}", "final{other}{}"],
  ["a\\b", "a/b"],
  ["", "untitled"],
  ["//", "untitled"],
  ["日本 {index}", "日本 3"],
  ["e\u0301", "é"],
])("%s", (template, name) => expect(fillOutputName(template, values)).toBe(name));

const devices = [
  "CON",
  "con",
  "PRN",
  "AUX",
  "NUL",
  "nul.txt",
  "COM1",
  "com9.png",
  "COM¹",
  "LPT1",
  "lpt9.tar.gz",
  "LPT³",
  "CONIN$",
  "CONOUT$",
];
const hostile = [
  ...devices,
  "../x", "../../etc/passwd", "..", ".", "...", "....", "./x", "x/..", "x/../..", "..\\x", "..\\..\\x", "a\\..\\..\\b",
  "/etc/passwd", "//server/share", "\\\\server\\share", "\\\\?\\C:\\x", "\\\\.\\COM1", "C:\\x", "C:x", "c:/x", "C:", "file:///etc/passwd",
  "x\0y", "\0", "\u0001\u001f", "a\nb", "a\rb", "a\tb", "\u007f", "\u0085", "\u2028", "\u2029",
  "\u202egnp.exe", "\u2066x\u2069", "\u200e", "\u200fx", "\u061c", "\u200b", "\ufeffx", "\u00ad", "a\u200db",
  "\ud800", "x\udc00y", "\ue000",
  "name.", "name..", "name ", "name . .", " name", ".hidden", " .", "\u00a0", "\u3000x\u3000",
  "a<b", "a>b", "a:b", "a::$DATA", 'a"b', "a|b", "a?b", "a*b", "?", "*", "<>", "|",
  "x".repeat(300), "é".repeat(300), "😀".repeat(300), `${"x".repeat(179)}.`, `${"x".repeat(178)}  .  y`, "NUL".padEnd(300, " "), "a/".repeat(300),
  "{file}", "{node}", "$(rm -rf ~)", "`id`", "%2e%2e%2f", "~", "~root", "-rf", "&& calc",
]; // prettier-ignore

describe("hostile names", () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "diffusion-"))));
  afterEach(() => rmSync(folder, { recursive: true }));

  test("are many", () => expect(new Set(hostile).size).toBeGreaterThanOrEqual(80));

  test.each(hostile.map((name) => [name.slice(0, 40), name] as const))("%j", async (_, name) => {
    const root = join(folder, "out");
    for (const template of [name, "{node}", "{model}/{node}", `sub/${name}`, `${name}/x`]) {
      const filled = fillOutputName(template, { ...values, node: name, model: name });
      for (const part of filled.split("/")) {
        expect(part).not.toMatch(/^\.|[. ]$|[<>:"\\|?*]|[\p{Cc}\p{Cf}\p{Cs}]/u);
        expect(part.split(".")[0]).not.toMatch(/^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)$/i);
        expect(part.length).toBeGreaterThan(0);
      }
      const path = await freeOutputPath(root, filled, "png");
      writeFileSync(path, "x");
      expect(relative(realpathSync(root), realpathSync(path))).not.toMatch(/^\.\.|^[/\\]/);
      expect(Buffer.byteLength(basename(path))).toBeLessThanOrEqual(255);
    }
    expect(readdirSync(folder)).toEqual(["out"]);
  });
});

describe("free paths", () => {
  let root: string;
  beforeEach(() => (root = mkdtempSync(join(tmpdir(), "diffusion-"))));
  afterEach(() => rmSync(root, { recursive: true }));
  const next = async (name = "a", taken?: Set<string>): Promise<string> =>
    relative(root, await freeOutputPath(root, name, "png", taken));

  test("the next free number", async () => {
    expect(await next()).toBe("a.png");
    writeFileSync(join(root, "a.png"), "");
    expect(await next()).toBe("a-2.png");
    writeFileSync(join(root, "a-2.png"), "");
    expect(await next("a", new Set([join(root, "a-3.png")]))).toBe("a-4.png");
  });

  test("a dangling link is taken", async () => {
    symlinkSync(join(root, "nowhere"), join(root, "a.png"));
    expect(await next()).toBe("a-2.png");
  });

  test("a link inside the folder is followed, one that leads out is refused and nothing is made there", async () => {
    const outside = mkdtempSync(join(tmpdir(), "diffusion-outside-"));
    mkdirSync(join(root, "real"));
    symlinkSync(join(root, "real"), join(root, "inside"));
    symlinkSync(outside, join(root, "escape"));
    expect(await next("inside/a")).toBe(join("inside", "a.png"));
    await expect(next("escape/sub/a")).rejects.toMatchObject({ code: "file-unwritable" });
    expect(readdirSync(outside)).toEqual([]);
    rmSync(outside, { recursive: true });
  });

  test("a path out of the folder is refused even unfilled", async () => {
    await expect(next("../../a")).rejects.toMatchObject({ code: "file-unwritable" });
  });

  test("the folder itself may be a link, and relative", async () => {
    mkdirSync(join(root, "real"));
    symlinkSync(join(root, "real"), join(root, "out"));
    expect(await freeOutputPath(join(root, "out"), "x/a", "png")).toBe(join(root, "out", "x", "a.png"));
    const here = relative(process.cwd(), join(root, "real"));
    expect(await freeOutputPath(here, "a", "png")).toBe(join(here, "a.png"));
  });

  test("a file in the way of a folder", async () => {
    writeFileSync(join(root, "a"), "");
    await expect(next("a/b")).rejects.toMatchObject({ code: "file-unwritable" });
    expect(dirname(await next("b"))).toBe(".");
  });
});
