// The launcher: help, versions, builds on demand in a copy of the project, other versions of Node.js.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, existsSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { diffusion, folderWith, launcher, node, root } from "./command.ts";

const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };

/** Runs a launcher with a Node.js of choice. */
async function launch(binary: string, path: string, ...args: string[]) {
  const child = spawn(binary, [path, ...args], { stdio: ["ignore", "pipe", "pipe"] });
  const [ended, stdout, stderr] = await Promise.all([once(child, "close"), text(child.stdout), text(child.stderr)]);
  return { status: ended[0] as number | null, stdout, stderr };
}

test("--version", async () => {
  expect(await diffusion(["--version"], root)).toEqual({ status: 0, stdout: `diffusion ${version}\n`, stderr: "" });
});

test.each(["run", "check", "recover", "models info", "doctor"])("%s has help with examples", async (command) => {
  for (const flag of ["--help", "-h"]) {
    const { status, stdout, stderr } = await diffusion([...command.split(" "), flag], root);
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toContain(`Usage: diffusion ${command}`);
    expect(stdout).toContain("Examples:\n");
  }
  expect((await diffusion(["--help"], root)).stdout).toContain(`\n  ${command} `);
});

describe("a copy of the project without a build", () => {
  function copyOfProject(): string {
    const folder = folderWith();
    for (const part of [
      "package.json",
      "package-lock.json",
      "daemon/bin",
      "daemon/src",
      "daemon/package.json",
      "schemas",
    ])
      cpSync(join(root, part), join(folder, part), { recursive: true });
    for (const part of ["node_modules", "media"]) symlinkSync(join(root, part), join(folder, part), "junction");
    return folder;
  }

  test("is built by the first call, by many first calls at once, and again when its sources change", async () => {
    const folder = copyOfProject();
    const path = join(folder, "daemon/bin/diffusion.js");
    const first = await Promise.all(Array.from({ length: 20 }, () => launch(node, path, "--version")));
    for (const ended of first) expect(ended).toEqual({ status: 0, stdout: `diffusion ${version}\n`, stderr: "" });
    const built = readFileSync(join(folder, "daemon/dist/cli.js"), "utf8");
    await launch(node, path, "--version");
    expect(readFileSync(join(folder, "daemon/dist/cli.js"), "utf8")).toBe(built);
    const help = join(folder, "daemon/src/cli/help.ts");
    writeFileSync(help, readFileSync(help, "utf8").replace("on this machine", "on THIS machine"));
    expect((await launch(node, path, "--help")).stdout).toContain("on THIS machine");
  });

  test("says so when its sources cannot be built, and what is installed without sources needs none", async () => {
    const folder = copyOfProject();
    const path = join(folder, "daemon/bin/diffusion.js");
    await launch(node, path, "--version");
    writeFileSync(join(folder, "daemon/src/cli/help.ts"), "export const = 1;");
    const broken = await launch(node, path, "--version");
    expect(broken.status).toBe(1);
    expect(broken.stderr).toContain("help.ts");
    cpSync(join(folder, "daemon/dist"), join(folder, "installed/dist"), { recursive: true });
    cpSync(join(folder, "daemon/bin"), join(folder, "installed/bin"), { recursive: true });
    expect(await launch(node, join(folder, "installed/bin/diffusion.js"), "--version")).toMatchObject({ status: 0 });
  });
});

/** A Node.js of this machine that is too old for the program. */
function olderNode(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.includes("node_modules"));
  const binaries = folders.map((folder) => join(folder, "node")).filter((path) => existsSync(path));
  return binaries.find((path) => {
    const [major, minor] = execFileSync(path, ["--version"], { encoding: "utf8" }).slice(1).split(".").map(Number);
    return major! < 22 || (major === 22 && minor! < 13);
  });
}

describe.runIf(olderNode())("an older Node.js", () => {
  test("runs the program with the project's own, and ends as that ends", async () => {
    const binary = olderNode()!;
    expect(await launch(binary, launcher, "--version")).toMatchObject({ status: 0, stdout: `diffusion ${version}\n` });
    expect(await launch(binary, launcher, "rnu")).toMatchObject({ status: 2 });
  });

  test("passes signals on", async () => {
    const folder = folderWith({ "x.diffusion": "diffusion: 1\nprompt: a lake\nsteps: 500\n" });
    const child = spawn(olderNode()!, [launcher, "run", "x.diffusion", "--json"], { cwd: folder });
    child.stdout.once("data", () => child.kill("SIGINT"));
    expect(await once(child, "close")).toEqual([130, null]);
  });

  test("says which version it needs where there is no other", async () => {
    const folder = folderWith();
    cpSync(join(root, "daemon/bin"), join(folder, "bin"), { recursive: true });
    const ended = await launch(olderNode()!, join(folder, "bin/diffusion.js"), "--version");
    expect(ended).toMatchObject({ status: 1, stdout: "" });
    expect(ended.stderr).toContain("needs Node.js 22.13 or newer");
  });
});
