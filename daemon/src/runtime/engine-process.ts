// The engine process: loads onnxruntime, makes sessions, runs them and holds resident tensors. One per device.
// A run blocks its event loop and may crash it: that is why it is a process of its own.
import { closeSync, openSync, writeFileSync, writeSync } from "node:fs";
import { Worker } from "node:worker_threads";
import ort from "onnxruntime-node";
import type { DType } from "../tensor/tensor.ts";
import type { Answers, AnyTensor, Feed, Reply, Request } from "./protocol.ts";

const ORT_TYPES = {
  f64: "float64",
  f32: "float32",
  i64: "int64",
  i32: "int32",
  i8: "int8",
  u8: "uint8",
  bool: "bool",
} as const satisfies Partial<Record<DType, ort.Tensor.Type>>;

const DTYPES = new Map<string, DType>(Object.entries(ORT_TYPES).map(([dtype, type]) => [type, dtype as DType]));

const sessions = new Map<number, ort.InferenceSession>();
const residents = new Map<number, ort.Tensor>();

type Of<K extends Request["kind"]> = Extract<Request, { kind: K }>;

const handlers: { [K in Request["kind"]]: (request: Of<K>) => Promise<Answers[K]> | Answers[K] } = {
  describe: () => ({ version: ort.env.versions.node ?? "unknown", backends: ort.listSupportedBackends() }),

  async create({ session, model, options }) {
    await drop(session); // first, for its memory
    const made = await (typeof model === "string"
      ? ort.InferenceSession.create(model, options)
      : ort.InferenceSession.create(model, options));
    sessions.set(session, made);
    return null;
  },

  async run({ session, feeds, fetches, keep }) {
    const found = sessions.get(session);
    if (!found) throw new Error(`no session ${session}`);
    const outputs = await found.run(
      Object.fromEntries(Object.entries(feeds).map(([name, feed]) => [name, fed(feed)])),
      fetches,
    );
    const answer: Record<string, AnyTensor> = {};
    for (const name of fetches) {
      const output = outputs[name]!;
      const number = keep[name];
      if (number === undefined) answer[name] = received(output);
      else residents.set(number, output);
    }
    return answer;
  },

  async compute({ model, options, path, offsets }) {
    const session = await ort.InferenceSession.create(model, options);
    const outputs = await session.run({});
    const file = openSync(path, "r+");
    try {
      for (const [name, offset] of Object.entries(offsets)) write(file, outputs[name]!, offset);
    } finally {
      closeSync(file);
      await session.release();
    }
    return null;
  },

  async release(request) {
    for (const number of request.residents) {
      residents.get(number)?.dispose();
      residents.delete(number);
    }
    for (const number of request.sessions) await drop(number);
    return null;
  },
};

function write(file: number, output: ort.Tensor, offset: number): void {
  const { buffer, byteOffset, byteLength } = output.data as Float32Array;
  const bytes = new Uint8Array(buffer, byteOffset, byteLength);
  for (let done = 0; done < bytes.length;) done += writeSync(file, bytes, done, bytes.length - done, offset + done);
}

async function drop(session: number): Promise<void> {
  await sessions.get(session)?.release();
  sessions.delete(session);
}

function fed(feed: Feed): ort.Tensor {
  if ("resident" in feed) {
    const held = residents.get(feed.resident);
    if (!held) throw new Error(`no resident tensor ${feed.resident}`);
    return held;
  }
  const { dtype, shape, data } = feed.tensor;
  if (dtype === "f16" || dtype === "bf16") throw new Error(`${dtype} cannot be fed`);
  return new ort.Tensor(ORT_TYPES[dtype], data as Float32Array, shape);
}

function received(output: ort.Tensor): AnyTensor {
  const dtype = DTYPES.get(output.type);
  if (!dtype) throw new Error(`outputs of type ${output.type} cannot leave the engine`);
  return { dtype, shape: [...output.dims], data: output.data } as AnyTensor;
}

async function answer<K extends Request["kind"]>(request: Of<K> & { kind: K }): Promise<void> {
  let reply: Reply;
  try {
    reply = { ok: true, answer: await handlers[request.kind](request) };
  } catch (error) {
    reply = { ok: false, message: error instanceof Error ? error.message : String(error) };
  }
  process.send?.(reply);
}

/** A thread that ends this process when its parent is gone, even while a run blocks the event loop. */
function dieWithParent(): void {
  const watch = `setInterval(() => {
    let orphan = process.ppid !== ${process.ppid};
    try { process.kill(${process.ppid}, 0); } catch (error) { orphan ||= error.code === "ESRCH"; }
    if (orphan) process.kill(process.pid, "SIGKILL");
  }, 500)`;
  new Worker(watch, { eval: true }).unref();
  process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));
}

/** When memory runs out, Linux shall end this process and not the daemon. */
function volunteerForOutOfMemory(): void {
  if (process.platform === "linux") writeFileSync("/proc/self/oom_score_adj", "800");
}

dieWithParent();
volunteerForOutOfMemory();
process.on("message", (request: Request) => void answer(request));
