// Hashes of weights files and their cache.
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { hashWeightsFile } from "../../../daemon/src/weights/hash.ts";

const folder = mkdtempSync(join(tmpdir(), "hash-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "x.safetensors");
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const ABD = "a52d159f262b2c6ddb724a61840befc36eb30c88877a4030b65cbe86298449c9";

/** Writes content with a fixed time of change. */
function write(content: string, seconds: number): void {
  writeFileSync(path, content);
  utimesSync(path, seconds, seconds);
}

test("the file is hashed again when its size or time changes, and only then", async () => {
  const cache = join(folder, "cache");
  write("abc", 1000);
  expect(await hashWeightsFile(path, cache)).toBe(ABC);
  write("abd", 1000); // same size and time: the kept hash stands
  expect(await hashWeightsFile(path, cache)).toBe(ABC);
  write("abd", 1001);
  expect(await hashWeightsFile(path, cache)).toBe(ABD);
  expect(readdirSync(cache).length).toBe(1);
});

test.each(["", "null", "{}", '{"sha256":"0"}'])("a broken cache (%j) is replaced", async (content) => {
  const cache = join(folder, "broken");
  write("abc", 1000);
  await hashWeightsFile(path, cache);
  const kept = join(cache, readdirSync(cache)[0]!);
  writeFileSync(kept, content);
  expect(await hashWeightsFile(path, cache)).toBe(ABC);
  expect(readFileSync(kept, "utf8")).toContain(ABC);
});

test("a cache that cannot be written costs nothing but time", async () => {
  write("abc", 1000);
  expect(await hashWeightsFile(path, join(path, "no-folder"))).toBe(ABC);
});

test("no file", () =>
  expect(hashWeightsFile(join(folder, "absent"), folder)).rejects.toMatchObject({ code: "file-not-found" }));
