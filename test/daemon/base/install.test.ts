// Where the program finds its media, and what it says its version is.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DiffusionError } from "../../../daemon/src/base/errors.ts";
import { installFolder, version } from "../../../daemon/src/base/install.ts";

test("the bundled model lies below the install folder", () => {
  expect(existsSync(join(installFolder, "media", "models", "vignette", "model_index.json"))).toBe(true);
});

test("the version is the manifest's", () => {
  const manifest = JSON.parse(readFileSync(join(installFolder, "package.json"), "utf8")) as { version: string };
  expect(version).toBe(manifest.version);
});

test("an error carries its code, its message and what caused it", () => {
  const cause = new Error("below");
  const error = new DiffusionError("engine", "the engine ended", { cause });
  expect(error).toMatchObject({ name: "DiffusionError", code: "engine", message: "the engine ended", cause });
  expect(error).toBeInstanceOf(Error);
});
