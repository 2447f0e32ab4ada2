// The parent's side of an engine process: requests go out one at a time, so that a death has one culprit.
import type { ChildProcess } from "node:child_process";
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { DiffusionError } from "../base/errors.ts";
import { engineDied, engineRefused } from "./engine-errors.ts";
import type { Answers, Reply, Request } from "./protocol.ts";

/** How long a cancelled run may go on before its process is killed. */
const CANCEL_GRACE_MS = 2000;

const STDERR_KEPT = 2000;

interface Pending {
  readonly request: Request;
  /** "running the unet": for messages */
  readonly doing: string;
  readonly signal: AbortSignal | undefined;
  readonly resolve: (answer: Answers[Request["kind"]]) => void;
  readonly reject: (error: unknown) => void;
  readonly onAbort: () => void;
}

/** One engine process, from its start to its death. */
export class EngineChild {
  readonly #process: ChildProcess;
  readonly #queue: Pending[] = [];
  readonly #exited: Promise<void>;
  #running: Pending | undefined;
  #killTimer: NodeJS.Timeout | undefined;
  #stderr = "";
  #death: string | undefined;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<undefined>();
    this.#exited = promise;
    this.#process = fork(enginePath(), [], {
      execPath: process.execPath,
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: "" },
      serialization: "advanced",
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#process.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    this.#process.on("message", (reply) => this.#receive(reply as Reply));
    this.#process.on("error", (error) => this.#die(error.message));
    // `close` comes after the last output, so that the last words are known.
    this.#process.on("close", (code, signal) => {
      this.#die(signal === null ? `ended with exit code ${code ?? "unknown"}` : `was killed by ${signal}`);
      resolve(undefined);
    });
    this.#idle();
  }

  get dead(): boolean {
    return this.#death !== undefined;
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The end of what the process wrote to its error output. */
  get lastWords(): string {
    return this.#stderr;
  }

  /**
   * Sends a request and waits for its answer.
   * @throws DiffusionError `cancelled`, `engine`, `out-of-memory`
   */
  request<R extends Request>(request: R, doing: string, signal?: AbortSignal): Promise<Answers[R["kind"]]> {
    return new Promise<Answers[Request["kind"]]>((resolve, reject) => {
      if (this.#death !== undefined) throw engineDied(this.#death, doing, this.#stderr);
      if (signal?.aborted) throw cancelled(doing);
      const onAbort = () => this.#abort(pending);
      const pending: Pending = { request, doing, signal, resolve, reject, onAbort };
      signal?.addEventListener("abort", onAbort, { once: true });
      this.#queue.push(pending);
      this.#next();
    }) as Promise<Answers[R["kind"]]>;
  }

  /** Ends the process at once; whatever it was doing is rejected. Resolves when it is gone. */
  async kill(): Promise<void> {
    this.#process.kill("SIGKILL");
    this.#process.ref();
    await this.#exited;
  }

  #next(): void {
    if (this.#running) return;
    this.#running = this.#queue.shift();
    if (!this.#running) {
      this.#idle();
      return;
    }
    this.#process.ref();
    this.#process.channel?.ref();
    this.#process.send(this.#running.request, (error) => {
      if (error) this.#process.kill("SIGKILL");
    });
  }

  /** An idle engine does not keep the daemon's process from ending. */
  #idle(): void {
    this.#process.unref();
    this.#process.channel?.unref();
    (this.#process.stderr as { unref?: () => void } | null)?.unref?.();
  }

  #receive(reply: Reply): void {
    const done = this.#settle();
    if (!done) return;
    if (done.signal?.aborted) done.reject(cancelled(done.doing));
    else if (reply.ok) done.resolve(reply.answer);
    else done.reject(engineRefused(reply.message, done.doing));
    this.#next();
  }

  #abort(pending: Pending): void {
    if (pending === this.#running) {
      this.#killTimer = setTimeout(() => void this.kill(), CANCEL_GRACE_MS);
      return;
    }
    this.#queue.splice(this.#queue.indexOf(pending), 1);
    pending.reject(cancelled(pending.doing));
  }

  #die(how: string): void {
    if (this.#death !== undefined) return;
    this.#death = how;
    const culprit = this.#settle();
    if (culprit?.signal?.aborted) culprit.reject(cancelled(culprit.doing));
    else culprit?.reject(engineDied(how, culprit.doing, this.#stderr));
    for (const pending of this.#queue.splice(0)) {
      pending.signal?.removeEventListener("abort", pending.onAbort);
      pending.reject(engineDied(how, culprit?.doing ?? pending.doing, this.#stderr));
    }
  }

  #settle(): Pending | undefined {
    const done = this.#running;
    this.#running = undefined;
    clearTimeout(this.#killTimer);
    done?.signal?.removeEventListener("abort", done.onAbort);
    return done;
  }
}

const cancelled = (doing: string) => new DiffusionError("cancelled", `cancelled while ${doing}`);

/** The entry of the engine process: beside this file in the sources, beside the bundle when it is built. */
function enginePath(): string {
  const name = import.meta.url.endsWith(".ts") ? "./engine-process.ts" : "./engine.js";
  return fileURLToPath(new URL(name, import.meta.url));
}
