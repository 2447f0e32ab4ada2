// Runs that are stopped from outside: by Ctrl-C, by the system, by the death of the engine, by a reader that leaves.
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import { describe, expect, test, vi } from "vitest";
import { eventsOf, folderWith, results, start } from "./command.ts";

const LONG = "diffusion: 1\nprompt: a lake\nseed: 1\nsteps: 500\n";

/** A long run that has made its first step. */
async function startLongRun() {
  const folder = folderWith({ "x.diffusion": LONG });
  const run = start(["run", "x.diffusion", "--json"], folder);
  for await (const line of createInterface({ input: run.child.stdout })) if (line.includes('"denoise"')) break;
  return { folder, ...run, engine: engineOf(run.child) };
}

/** The process id of the engine, the only child of the command. */
const engineOf = ({ pid }: ChildProcess): number =>
  Number(readFileSync(`/proc/${pid!}/task/${pid!}/children`, "utf8").trim());

function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

const gone = (pid: number) => vi.waitFor(() => expect(isAlive(pid)).toBe(false), { timeout: 5000, interval: 20 });

describe.runIf(process.platform === "linux")("a run in its steps", () => {
  test.each(["SIGINT", "SIGTERM"] as const)(
    "ends by %s after the step: status 130, no file, no engine",
    async (signal) => {
      const { folder, child, finished, engine } = await startLongRun();
      child.kill(signal);
      expect(await finished).toMatchObject({ status: 130, stderr: "" });
      await gone(engine);
      expect(results(folder)).toEqual([]);
    },
  );

  test("ends at once by a second SIGINT", async () => {
    const { folder, child, finished, engine } = await startLongRun();
    process.kill(engine, "SIGSTOP"); // it would not answer to the first
    child.kill("SIGINT");
    child.kill("SIGINT");
    const before = performance.now();
    const second = setInterval(() => child.kill("SIGINT"), 50); // two at the same moment may arrive as one
    expect(await finished).toMatchObject({ status: 130 });
    clearInterval(second);
    expect(performance.now() - before).toBeLessThan(1500);
    await gone(engine);
    expect(results(folder)).toEqual([]);
  });

  test("fails when its engine is killed, and leaves nothing", async () => {
    const { folder, finished, engine } = await startLongRun();
    process.kill(engine, "SIGKILL");
    const ended = await finished;
    expect(ended).toMatchObject({ status: 1, stderr: "" });
    expect(eventsOf(ended).at(-1)).toMatchObject({ event: "failed", code: "engine" });
    expect(results(folder)).toEqual([]);
  });

  test("takes its engine along when it is killed itself", async () => {
    const { folder, child, engine } = await startLongRun();
    child.kill("SIGKILL");
    await once(child, "close");
    await gone(engine);
    expect(results(folder)).toEqual([]);
  });

  test("ends quietly when its reader leaves", async () => {
    const { child, finished, engine } = await startLongRun();
    finished.catch(() => undefined); // its output ends before its time
    const problems = text(child.stderr);
    child.stdout.destroy();
    expect(await once(child, "close")).toEqual([0, null]);
    expect(await problems).toBe("");
    await gone(engine);
  });
});

test("the last event tells of the end", async () => {
  const folder = folderWith({ "x.diffusion": LONG });
  const { child, finished } = start(["run", "x.diffusion", "--json"], folder);
  child.stdout.once("data", () => child.kill("SIGTERM"));
  const ended = await finished;
  expect(ended.status).toBe(130);
  expect(eventsOf(ended).at(-1)).toMatchObject({ event: "failed", code: "cancelled" });
});
