// Published JSON: Python's literals, hostile keys, places of errors.
import { mkdtempSync, rmSync, truncateSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readJson } from "../../../daemon/src/base/json.ts";
import { put } from "./files.ts";

const folder = mkdtempSync(join(tmpdir(), "json-"));
afterAll(() => rmSync(folder, { recursive: true }));
const path = join(folder, "x.json");

describe("read", () => {
  test.each<[string, unknown]>([
    ['{"a": [1, "x"]}', { a: [1, "x"] }],
    ['{"lambda_min_clipped": -Infinity}', { lambda_min_clipped: -Infinity }],
    ["[NaN, Infinity,-Infinity]", [NaN, Infinity, -Infinity]],
    [`["NaN", NaN, "\\"Infinity", "-Infinity", "\ue000"]`, ["NaN", NaN, '"Infinity', "-Infinity", "\ue000"]],
    ["Infinity", Infinity],
  ])("%s", async (text, value) => expect(await readJson(put(path, text))).toEqual(value));

  test.each(['{"__proto__": {"polluted": 1}}', '{"__proto__": {"polluted": NaN}}'])(
    "%s changes no prototype",
    async (text) => {
      const value = (await readJson(put(path, text))) as Record<string, unknown>;
      expect(Object.keys(value)).toEqual(["__proto__"]);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect(value.polluted).toBeUndefined();
    },
  );
});

describe("refused, with line and column", () => {
  test.each<[string, RegExp]>([
    ["", /x\.json:1:1: not valid JSON/],
    ['{\n  "a": 1,\n  "é": x\n}', /x\.json:3:8: not valid JSON: a value is missing/],
    ['{"a": NaN, "b": }', /x\.json:1:17: not valid JSON/],
    ['{"a": Infinity, "b" 1}', /x\.json:1:21: not valid JSON: `:` is missing/],
    ['{"a": 1,}', /x\.json:1:9: not valid JSON/],
    ['{"a": 1} x', /x\.json:1:10: not valid JSON: something stands after the end/],
    ["aNaN", /x\.json:1:1: not valid JSON/],
    ['"\\', /x\.json:1:\d: not valid JSON/],
  ])("%j", async (text, message) => {
    const error: unknown = await readJson(put(path, text)).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: "model-invalid" });
    expect((error as Error).message).toMatch(message);
  });

  test.each([
    ["deeply nested", "[".repeat(1_000_000)],
    ["deeply nested with NaN", `[NaN,${"[".repeat(100_000)}${"]".repeat(100_001)}`],
    ["a row of escapes", `["${'\\"'.repeat(1_000_000)}`],
    ["a row of quotes", '"'.repeat(1_000_001)],
  ])("%s, fast", async (_, text) => {
    put(path, text);
    const start = performance.now();
    await readJson(path).catch((error: unknown) => expect(error).toMatchObject({ code: "model-invalid" }));
    expect(performance.now() - start).toBeLessThan(3000);
  });

  test("more than 32 MB", async () => {
    truncateSync(put(path, "[]"), 33 * 1024 * 1024);
    await expect(readJson(path)).rejects.toThrow(/at most 33554432 are read/);
  });

  test("not UTF-8", () =>
    expect(readJson(put(path, Uint8Array.of(0x22, 0xff, 0x22)))).rejects.toMatchObject({ code: "model-invalid" }));

  test("not there", () => expect(readJson(join(folder, "no.json"))).rejects.toMatchObject({ code: "file-not-found" }));
});
