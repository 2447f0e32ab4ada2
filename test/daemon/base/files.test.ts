// Files are complete or absent, whoever looks and whatever fails; and errors say why in words.
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { reason, unfinishedFiles, writeFileAtomic } from "../../../daemon/src/base/files.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "files test "));
});
afterEach(() => rmSync(folder, { recursive: true }));

const MEGABYTE = 2 ** 20;
const blank = (letter: string) => Buffer.alloc(4 * MEGABYTE, letter);

describe("a written file", () => {
  test("holds the bytes or the text, and nothing else is left", async () => {
    await writeFileAtomic(join(folder, "a.bin"), Uint8Array.of(0, 255));
    await writeFileAtomic(join(folder, "b.txt"), "é\n");
    expect([...readFileSync(join(folder, "a.bin"))]).toEqual([0, 255]);
    expect(readFileSync(join(folder, "b.txt"), "utf8")).toBe("é\n");
    expect(readdirSync(folder).sort()).toEqual(["a.bin", "b.txt"]);
  });

  test("has its folders made", async () => {
    const path = join(folder, "new", "and deeper", "a.txt");
    await writeFileAtomic(path, "here");
    expect(readFileSync(path, "utf8")).toBe("here");
  });

  test("is whole at every moment, for whoever reads while it is replaced", async () => {
    const path = join(folder, "picture");
    await writeFileAtomic(path, blank("a"));
    const seen = new Set<string>();
    const done = new AbortController();
    const writes = (async () => {
      for (const letter of "bcdef") await writeFileAtomic(path, blank(letter));
      done.abort();
    })();
    while (!done.signal.aborted) {
      const bytes = readFileSync(path);
      expect(bytes.equals(blank(String.fromCharCode(bytes[0]!)))).toBe(true);
      seen.add(String.fromCharCode(bytes[0]!));
      await new Promise(setImmediate);
    }
    await writes;
    expect(seen.size).toBeGreaterThan(1);
    expect(readFileSync(path).equals(blank("f"))).toBe(true);
  });

  test("is known by its temporary name until it is done, so that an exit can take it away", async () => {
    const path = join(folder, "picture");
    const writing = writeFileAtomic(path, blank("a"));
    while (unfinishedFiles().length === 0) await new Promise(setImmediate);
    const [temporary, ...more] = unfinishedFiles();
    expect(more).toEqual([]);
    expect(temporary!.startsWith(join(folder, ".picture."))).toBe(true);
    await writing;
    expect(unfinishedFiles()).toEqual([]);
  });

  test("by several writers is one of theirs", async () => {
    const path = join(folder, "picture");
    await Promise.all(["a", "b", "c", "d"].map((letter) => writeFileAtomic(path, blank(letter))));
    const bytes = readFileSync(path);
    expect(bytes.equals(blank(String.fromCharCode(bytes[0]!)))).toBe(true);
    expect(readdirSync(folder)).toEqual(["picture"]);
  });
});

describe("a write that fails leaves all as it was:", () => {
  test("a folder stands in the way", async () => {
    mkdirSync(join(folder, "taken", "inside"), { recursive: true });
    const write = writeFileAtomic(join(folder, "taken"), "text");
    await expect(write).rejects.toMatchObject({ name: "DiffusionError", code: "file-unwritable" });
    await expect(write).rejects.toThrow(`cannot write ${join(folder, "taken")}: `);
    expect(readdirSync(folder)).toEqual(["taken"]);
    expect(unfinishedFiles()).toEqual([]);
  });

  test.runIf(process.platform === "linux")(
    "the folder takes no new ones, where Node's own mkdir never returns",
    async () => {
      await expect(writeFileAtomic("/proc/x/a.png", "text")).rejects.toMatchObject({ code: "file-unwritable" });
    },
  );

  test("a part of the path is a file", async () => {
    writeFileSync(join(folder, "file"), "old");
    const write = writeFileAtomic(join(folder, "file", "a.txt"), "text");
    await expect(write).rejects.toMatchObject({ code: "file-unwritable" });
    await expect(write).rejects.toThrow("a file of that name is in the way");
    expect(readFileSync(join(folder, "file"), "utf8")).toBe("old");
  });

  // root may write anywhere
  test.skipIf(process.platform === "win32" || process.getuid?.() === 0)("the folder is read-only", async () => {
    writeFileSync(join(folder, "a.txt"), "old");
    chmodSync(folder, 0o500);
    const write = writeFileAtomic(join(folder, "a.txt"), "new");
    await expect(write).rejects.toThrow("permission denied");
    chmodSync(folder, 0o700);
    expect(readdirSync(folder)).toEqual(["a.txt"]);
    expect(readFileSync(join(folder, "a.txt"), "utf8")).toBe("old");
  });
});

const system = (code: string) => Object.assign(new Error(`${code}: as Node says it`), { code });

test.each([
  [system("ENOENT"), "no such file or folder"],
  [system("ENOSPC"), "the disk is full"],
  [system("EROFS"), "the disk is read-only"],
  [system("EXDEV"), "EXDEV: as Node says it"],
  [new Error("something else"), "something else"],
  ["not an error", "not an error"],
])("the reason in %s is said in words", (error, words) => expect(reason(error)).toBe(words));
