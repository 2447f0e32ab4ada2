// `diffusion fmt`: files in place, standard input through, --check and --order, and what cannot be laid out.
import { chmodSync, lstatSync, readFileSync, statSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { diffusion, folderWith } from "./command.ts";

const WILD = "diffusion:   1\nprompt : a cat # mine\n\n\n\noutput:\n    format:   png\n";
const TIDY = "diffusion: 1\nprompt: a cat # mine\n\noutput:\n  format: png\n";
const BROKEN = "diffusion: 1\nprompt: [a\n";

test("files are written in place, and the changed ones told", async () => {
  const folder = folderWith({ "wild.diffusion": WILD, "tidy.diffusion": TIDY, "broken.diffusion": BROKEN });
  const files = ["wild.diffusion", "broken.diffusion", "none.diffusion", "tidy.diffusion"];
  const { status, stdout, stderr } = await diffusion(["fmt", ...files], folder);
  expect({ status, stdout }).toEqual({ status: 2, stdout: "wild.diffusion\n" });
  expect(stderr).toContain("broken.diffusion:3:1: error[yaml-syntax]");
  expect(stderr).toContain("error[file-not-found]: cannot read none.diffusion");
  expect(readFileSync(join(folder, "wild.diffusion"), "utf8")).toBe(TIDY);
  expect(readFileSync(join(folder, "broken.diffusion"), "utf8")).toBe(BROKEN);
  expect(await diffusion(["fmt", "wild.diffusion"], folder)).toEqual({ status: 0, stdout: "", stderr: "" });
});

test("--check changes nothing, and says what would", async () => {
  const folder = folderWith({ "wild.diffusion": WILD, "tidy.diffusion": TIDY });
  const ended = await diffusion(["fmt", "--check", "wild.diffusion", "tidy.diffusion"], folder);
  expect(ended).toEqual({ status: 1, stdout: "wild.diffusion\n", stderr: "" });
  expect(readFileSync(join(folder, "wild.diffusion"), "utf8")).toBe(WILD);
  expect(await diffusion(["fmt", "--check", "tidy.diffusion"], folder)).toMatchObject({ status: 0, stdout: "" });
});

test.each([
  { args: ["-"], input: WILD, status: 0, stdout: TIDY },
  { args: ["-"], input: TIDY, status: 0, stdout: TIDY },
  { args: ["-", "--order"], input: "prompt:  a # b\ndiffusion: 1", status: 0, stdout: "diffusion: 1\nprompt: a # b\n" },
  { args: ["-", "--check"], input: WILD, status: 1, stdout: "standard input\n" },
  { args: ["-"], input: BROKEN, status: 2, stdout: "" },
])("$args gives $status of standard input", async ({ args, input, status, stdout }) => {
  expect(await diffusion(["fmt", ...args], folderWith(), input)).toMatchObject({ status, stdout });
});

test.skipIf(process.platform === "win32")(
  "a link stays a link, and permissions and a byte-order mark stay",
  async () => {
    const folder = folderWith({ "wild.diffusion": `\uFEFF${WILD}` });
    chmodSync(join(folder, "wild.diffusion"), 0o640);
    symlinkSync("wild.diffusion", join(folder, "link.diffusion"));
    expect(await diffusion(["fmt", "link.diffusion"], folder)).toMatchObject({ status: 0, stdout: "link.diffusion\n" });
    expect(lstatSync(join(folder, "link.diffusion")).isSymbolicLink()).toBe(true);
    expect(statSync(join(folder, "wild.diffusion")).mode & 0o777).toBe(0o640);
    expect(readFileSync(join(folder, "wild.diffusion"), "utf8")).toBe(`\uFEFF${TIDY}`);
  },
);
