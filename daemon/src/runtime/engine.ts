// The engine: one process for one device, started when first needed, with its sessions under a memory budget.
import { createHash } from "node:crypto";
import { join } from "node:path";
import { DiffusionError } from "../base/errors.ts";
import type { Target } from "../nn/emission.ts";
import type { Graph } from "../onnx/graph.ts";
import { weightBytes } from "../onnx/cost.ts";
import { serialize } from "../onnx/serialize.ts";
import { cacheFolder } from "./cache-folder.ts";
import { EngineChild } from "./engine-child.ts";
import { physicalCores, usableMemory } from "./machine.ts";
import type { DiskCache } from "./disk-cache.ts";
import { prepare } from "./prepare.ts";
import { whatLacks } from "./providers.ts";
import type { SessionHost } from "./session.ts";
import { Session } from "./session.ts";

/** Weights below this load fast enough without the cache. */
const CACHED_FROM = 256 * 2 ** 20;
const CACHE_LIMIT = 20e9;

export interface EngineOptions {
  readonly target: Target;
  /** default: the physical cores */
  readonly threads?: number;
  /** bytes of loaded sessions before the least recently used are pushed out; default: three quarters of the memory */
  readonly memoryBudget?: number;
  /** where optimised graphs with packed weights are kept; default: in the platform's cache folder */
  readonly cacheFolder?: string;
  /** bytes of it; default: 20 GB */
  readonly cacheLimit?: number;
}

export interface GraphOptions {
  /** what the graph is, for messages: "the unet" */
  readonly label?: string;
  /** keep its packed weights on disk; default: when they are large enough that the next start gains from it */
  readonly cache?: boolean;
  readonly signal?: AbortSignal;
}

export class Engine implements AsyncDisposable {
  readonly target: Target;
  readonly threads: number;
  readonly #memoryBudget: number;
  readonly #cache: DiskCache;
  readonly #loaded = new Set<Session>();
  readonly #loading = new Map<Session, Promise<void>>();
  readonly #host: SessionHost;
  #child: EngineChild | undefined;
  #numbers = 0;

  private constructor({ target, threads, memoryBudget, cacheFolder: folder, cacheLimit }: EngineOptions) {
    this.target = target;
    this.threads = threads ?? physicalCores();
    this.#memoryBudget = memoryBudget ?? usableMemory() * 0.75;
    this.#cache = { folder: folder ?? join(cacheFolder(), "engine"), limit: cacheLimit ?? CACHE_LIMIT };
    this.#host = {
      load: (session, signal) => this.#load(session, signal),
      unload: (session) => this.#unload([session]),
      nextNumber: () => ++this.#numbers,
    };
  }

  /**
   * An engine for the target. Its process starts with the first session.
   * @throws DiffusionError `device-unavailable` when this system cannot have the target or lacks a library for it
   */
  static start(options: EngineOptions): Promise<Engine> {
    const lacking = whatLacks(options.target);
    if (lacking === undefined) return Promise.resolve(new Engine(options));
    const message = `${options.target} cannot be used here: ${lacking}; \`diffusion doctor\` shows the devices that work`;
    return Promise.reject(new DiffusionError("device-unavailable", message));
  }

  /**
   * The session of a graph: the loaded one when an equal graph has one.
   * @throws DiffusionError `engine` naming the node that the runtime refuses, `out-of-memory`, `cancelled`
   */
  async session(graph: Graph, { label = "a graph", cache, signal }: GraphOptions = {}): Promise<Session> {
    const child = this.#living();
    const hash = createHash("sha256").update(serialize(graph)).digest("hex");
    const cached = cache ?? (this.target === "cpu" && weightBytes(graph) >= CACHED_FROM);
    const known = [...this.#loaded, ...this.#loading.keys()].find((s) => s.hash === hash && s.child === child);
    const session = known ?? new Session(this.#host, child, { graph, hash, label, cached });
    await this.#load(session, signal);
    return session;
  }

  /** The sessions in the engine process, the least recently used first. */
  get loaded(): readonly Session[] {
    return [...this.#loaded];
  }

  /** The end of what the engine process wrote to its error output: drivers explain themselves there. */
  get lastWords(): string {
    return this.#child?.lastWords ?? "";
  }

  /** Ends the engine process when what it is doing is done. The engine may be used again. */
  async close(): Promise<void> {
    const child = this.#child;
    if (!child || child.dead) return;
    await child.request({ kind: "release", sessions: [], residents: [] }, "closing the engine").catch(() => undefined);
    await this.kill();
  }

  /** Ends the engine process at once. What it was doing is rejected with `engine`. */
  async kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#loaded.clear();
    await child?.kill();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #living(): EngineChild {
    if (!this.#child || this.#child.dead) {
      this.#loaded.clear();
      this.#child = new EngineChild();
    }
    return this.#child;
  }

  async #load(session: Session, signal?: AbortSignal): Promise<void> {
    if (session.child.dead || session.child !== this.#child)
      throw new DiffusionError("engine", `the engine process that held ${session.label} is gone; start the job again`);
    if (this.#loaded.delete(session)) {
      this.#loaded.add(session);
      return;
    }
    const loading = this.#loading.get(session) ?? this.#create(session, signal);
    this.#loading.set(session, loading);
    try {
      await loading;
      this.#loaded.add(session);
    } finally {
      this.#loading.delete(session);
    }
  }

  async #create(session: Session, signal: AbortSignal | undefined): Promise<void> {
    await this.#makeRoom(session.memory);
    const cache = session.cached ? this.#cache : undefined;
    try {
      await prepare(session, { target: this.target, threads: this.threads, cache, signal });
    } catch (error) {
      // A cancelled creation may have succeeded.
      await releaseIn(session.child, [session]).catch(() => undefined);
      throw error;
    }
  }

  /** Pushes out the least recently used idle sessions until `bytes` more fit the budget. */
  async #makeRoom(bytes: number): Promise<void> {
    let total = [...this.#loaded, ...this.#loading.keys()].reduce((sum, s) => sum + s.memory, bytes);
    const out: Session[] = [];
    for (const session of this.#loaded) {
      if (total <= this.#memoryBudget) break;
      if (session.busy > 0) continue;
      out.push(session);
      total -= session.memory;
    }
    await this.#unload(out);
  }

  async #unload(sessions: readonly Session[]): Promise<void> {
    const held = sessions.filter((session) => this.#loaded.delete(session));
    const [first] = held;
    if (first && !first.child.dead) await releaseIn(first.child, held);
  }
}

const releaseIn = (child: EngineChild, sessions: readonly Session[]): Promise<null> =>
  child.request(
    { kind: "release", sessions: sessions.map((s) => s.number), residents: [] },
    `releasing ${sessions.map((s) => s.label).join(", ")}`,
  );
