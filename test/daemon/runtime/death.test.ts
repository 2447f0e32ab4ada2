// What happens when the engine process, or its parent, dies; and cancelling.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { describe, expect, test, vi } from "vitest";
import type { Graph } from "../../../daemon/src/onnx/graph.ts";
import { graph, input } from "../../../daemon/src/onnx/graph.ts";
import * as op from "../../../daemon/src/onnx/ops.ts";
import { Engine } from "../../../daemon/src/runtime/engine.ts";
import type { Session } from "../../../daemon/src/runtime/session.ts";
import { full, tensor } from "../../../daemon/src/tensor/tensor.ts";

const SIDE = 1024;

/** Products one after the other: `count` of 1 is some 20 ms of work. */
function products(count: number): Graph {
  const x = input("x", "f32", [SIDE, SIDE]);
  let y = x;
  for (let i = 0; i < count; i++) y = op.matMul(y, x);
  return graph([x], { y });
}

const small = (): Graph => {
  const x = input("x", "f32", [1]);
  return graph([x], { y: op.scale(x, 2) });
};

const FOREVER = 4000; // over a minute of products
const feeds = { x: full([SIDE, SIDE], 1 / SIDE) };
const start = () => Engine.start({ target: "cpu", threads: 1 });

/** The next jobs work on a new process. */
async function expectAlive(engine: Engine): Promise<void> {
  const { y } = await (await engine.session(small())).run({ x: tensor([21]) });
  expect([...y!.data]).toEqual([42]);
}

/** Resolves once the session's run has been sent. */
async function startRun(session: Session, signal?: AbortSignal): Promise<{ outcome: Promise<unknown> }> {
  const outcome = session.run(feeds, signal ? { signal } : {}).then(
    () => "finished",
    (error: unknown) => error,
  );
  await Promise.resolve();
  return { outcome };
}

describe("a process killed in the middle of a run", () => {
  test("rejects what it was doing by name, and what waited; the next session has a new process", async () => {
    await using engine = await start();
    const session = await engine.session(products(FOREVER), { label: "the unet" });
    const { outcome } = await startRun(session);
    const waiting = engine.session(small()).catch((error: unknown) => error);
    process.kill(session.child.pid!, "SIGKILL");
    expect(await outcome).toMatchObject({
      code: "engine",
      message: expect.stringMatching(/was killed by SIGKILL while running the unet.*memory/) as string,
    });
    expect(await waiting).toMatchObject({ code: "engine" });
    await expect(session.run(feeds)).rejects.toMatchObject({ code: "engine" });
    await expectAlive(engine);
  });

  test("takes its resident tensors along", async () => {
    await using engine = await start();
    const session = await engine.session(small());
    const { y } = await session.run({ x: tensor([1]) }, { keep: ["y"] });
    await engine.kill();
    y.release();
    const next = await engine.session(small());
    await expect(next.run({ x: y })).rejects.toMatchObject({ code: "engine" });
  });
});

describe("cancelling", () => {
  test("a long run ends it within three seconds, and the next job works", async () => {
    await using engine = await start();
    const cancel = new AbortController();
    const { outcome } = await startRun(await engine.session(products(FOREVER), { label: "the unet" }), cancel.signal);
    const before = performance.now();
    cancel.abort();
    expect(await outcome).toMatchObject({ code: "cancelled", message: "cancelled while running the unet" });
    expect(performance.now() - before).toBeLessThan(3000);
    await expectAlive(engine);
  });

  test("a short run keeps the process and its sessions", async () => {
    await using engine = await start();
    const session = await engine.session(products(4));
    const cancel = new AbortController();
    const { outcome } = await startRun(session, cancel.signal);
    cancel.abort();
    expect(await outcome).toMatchObject({ code: "cancelled" });
    expect((await session.run(feeds)).y!.data[0]).toBeCloseTo(1 / SIDE);
  });

  test("what waits its turn is refused at once, and what runs goes on", async () => {
    await using engine = await start();
    const session = await engine.session(products(20));
    const first = await startRun(session);
    const cancel = new AbortController();
    const second = await startRun(session, cancel.signal);
    cancel.abort();
    const order: string[] = [];
    void first.outcome.then(() => order.push("first"));
    void second.outcome.then(() => order.push("second"));
    expect(await second.outcome).toMatchObject({ code: "cancelled" });
    expect(await first.outcome).toBe("finished");
    expect(order).toEqual(["second", "first"]);
  });

  test("before anything started", async () => {
    await using engine = await start();
    const session = await engine.session(small());
    const run = session.run({ x: tensor([1]) }, { signal: AbortSignal.abort() });
    await expect(run).rejects.toMatchObject({ code: "cancelled" });
  });
});

test("memory that runs out in the engine is told as such", async () => {
  await using engine = await start();
  const x = input("x", "f32", [1]);
  const huge = graph([x], { y: op.reduceSum(op.expand(x, [1 << 20, 1 << 14, 1 << 10]), [0, 1, 2]) });
  const run = engine.session(huge, { label: "the huge" }).then((session) => session.run({ x: tensor([1]) }));
  await expect(run).rejects.toMatchObject({ code: "out-of-memory" });
  await expectAlive(engine);
});

describe("a parent process", () => {
  const program = (then: string) => `
    const root = ${JSON.stringify(new URL("../../../daemon/src/", import.meta.url).href)};
    const { Engine } = await import(root + "runtime/engine.ts");
    const { graph, input } = await import(root + "onnx/graph.ts");
    const op = await import(root + "onnx/ops.ts");
    const x = input("x", "f32", [${SIDE}, ${SIDE}]);
    let y = x;
    for (let i = 0; i < ${FOREVER}; i++) y = op.matMul(y, x);
    const engine = await Engine.start({ target: "cpu", threads: 1 });
    const session = await engine.session(graph([x], { y }));
    const pid = session.child.pid;
    ${then}`;

  test("that is killed in the middle of a run takes its engine along", async () => {
    const run = `
      session.run({ x: { dtype: "f32", shape: [${SIDE}, ${SIDE}], data: new Float32Array(${SIDE * SIDE}) } });
      console.log(pid);`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", program(run)]);
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const engine = Number(line.toString());
    expect(isRunning(engine)).toBe(true);
    parent.kill("SIGKILL");
    await vi.waitFor(() => expect(isRunning(engine)).toBe(false), { timeout: 5000, interval: 50 });
  });

  test("that has nothing more to do ends, though it did not close its engine", async () => {
    const parent = spawn(process.execPath, ["--input-type=module", "-e", program("console.log(pid);")]);
    let output = "";
    parent.stdout.on("data", (data: Buffer) => (output += data.toString()));
    expect(await once(parent, "exit")).toEqual([0, null]);
    await vi.waitFor(() => expect(isRunning(Number(output))).toBe(false), { timeout: 5000, interval: 50 });
  });
});

/** Nobody reaps orphans in a bare container: a zombie has ended. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  return process.platform !== "linux" || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
}
