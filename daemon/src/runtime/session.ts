// A graph that the engine can run, and tensors that stay in the engine between runs.
import { DiffusionError } from "../base/errors.ts";
import type { Graph } from "../onnx/graph.ts";
import { largestActivation } from "../onnx/cost.ts";
import { leaves } from "../onnx/graph.ts";
import type { DType, Tensor } from "../tensor/tensor.ts";
import { BYTES, formatShape, sizeOf } from "../tensor/tensor.ts";
import type { EngineChild } from "./engine-child.ts";
import type { AnyTensor, Feed } from "./protocol.ts";

/** A tensor that lies in the engine process: an output named in `keep`, to be fed to later runs without travelling. */
export interface Resident extends Disposable {
  readonly resident: number;
  readonly dtype: DType;
  readonly shape: readonly number[];
  /** Frees it. It also ends with the engine, but not with the session that made it. */
  release(): void;
}

export type Feeds = Readonly<Record<string, Tensor<DType> | Resident>>;

/** Outputs by name: f32 tensors, and residents for the names in `K`. */
export type Outputs<K extends string> = [K] extends [never]
  ? Readonly<Record<string, Tensor>>
  : Readonly<Record<K, Resident>> & Readonly<Record<string, Tensor | Resident>>;

export interface RunOptions<K extends string = never> {
  /** outputs that stay in the engine process */
  readonly keep?: readonly K[];
  readonly signal?: AbortSignal;
}

/** What a session needs of its engine. */
export interface SessionHost {
  /** Makes the session in the engine process if it is not there, and marks it as used. */
  load(session: Session, signal?: AbortSignal): Promise<void>;
  unload(session: Session): Promise<void>;
  nextNumber(): number;
}

export interface SessionFacts {
  readonly graph: Graph;
  /** of the serialised graph */
  readonly hash: string;
  readonly label: string;
  readonly cached: boolean;
}

/**
 * One graph in the engine. It is loaded when it is made and again when a run finds that the memory budget has pushed it
 * out. When its engine process dies it is dead: ask the engine for a new one.
 */
export class Session {
  readonly label: string;
  readonly graph: Graph;
  readonly hash: string;
  /** whether its packed weights are kept on disk */
  readonly cached: boolean;
  /** bytes of its weights as f32 and of its largest activation */
  readonly memory: number;
  readonly child: EngineChild;
  readonly number: number;
  /** runs under way: a busy session is never pushed out */
  busy = 0;
  readonly #host: SessionHost;

  constructor(host: SessionHost, child: EngineChild, { graph, hash, label, cached }: SessionFacts) {
    this.#host = host;
    this.child = child;
    this.graph = graph;
    this.hash = hash;
    this.label = label;
    this.cached = cached;
    this.memory = memoryOf(graph);
    this.number = host.nextNumber();
  }

  /**
   * Runs the graph on feeds for all its inputs.
   * @throws DiffusionError `cancelled`, `engine` (the process died or refused), `out-of-memory`
   */
  async run<K extends string = never>(feeds: Feeds, options: RunOptions<K> = {}): Promise<Outputs<K>> {
    for (const [name, { dtype }] of Object.entries(this.graph.outputs))
      if (dtype !== "f32" && !options.keep?.includes(name as K))
        throw new DiffusionError("internal", `${this.label}: output ${name} is ${dtype}; take it with runAny`);
    return (await this.runAny(feeds, options)) as Outputs<K>;
  }

  /** As `run`, for graphs with outputs of other element types than f32. */
  async runAny(
    feeds: Feeds,
    { keep = [], signal }: RunOptions<string> = {},
  ): Promise<Record<string, AnyTensor | Resident>> {
    const wire = this.#check(feeds);
    const kept = new Map(keep.map((name) => [name, this.#resident(name)]));
    this.busy++;
    try {
      await this.#host.load(this, signal);
      const answer = await this.child.request(
        {
          kind: "run",
          session: this.number,
          feeds: wire,
          fetches: Object.keys(this.graph.outputs),
          keep: Object.fromEntries([...kept].map(([name, { resident }]) => [name, resident])),
        },
        `running ${this.label}`,
        signal,
      );
      return { ...answer, ...Object.fromEntries(kept) };
    } catch (error) {
      for (const resident of kept.values()) resident.release();
      throw error;
    } finally {
      this.busy--;
    }
  }

  /** Frees its memory in the engine; a later run loads it again. */
  async release(): Promise<void> {
    await this.#host.unload(this);
  }

  #check(feeds: Feeds): Record<string, Feed> {
    const fault = (text: string) => new DiffusionError("internal", `${this.label}: ${text}`);
    const wire: Record<string, Feed> = {};
    for (const { origin, dtype, shape } of this.graph.inputs) {
      if (origin.kind !== "input") throw fault("an input of the graph is not an input");
      const feed = feeds[origin.name];
      if (!feed) throw fault(`input ${origin.name} is not fed`);
      if (feed.dtype !== dtype || formatShape(feed.shape) !== formatShape(shape))
        throw fault(
          `input ${origin.name} is ${dtype} ${formatShape(shape)}, fed with ${feed.dtype} ${formatShape(feed.shape)}`,
        );
      wire[origin.name] = "resident" in feed ? { resident: feed.resident } : { tensor: feed as AnyTensor };
    }
    const unknown = Object.keys(feeds).find((name) => !(name in wire));
    if (unknown !== undefined) throw fault(`there is no input ${unknown}`);
    return wire;
  }

  #resident(name: string): Resident {
    const output = this.graph.outputs[name];
    if (!output) throw new DiffusionError("internal", `${this.label}: there is no output ${name} to keep`);
    const { child } = this;
    const resident = this.#host.nextNumber();
    const release = () => {
      if (!child.dead)
        child
          .request({ kind: "release", sessions: [], residents: [resident] }, "releasing a tensor")
          .catch(() => undefined);
    };
    return { resident, dtype: output.dtype, shape: output.shape, release, [Symbol.dispose]: release };
  }
}

/** Weights become f32 in the engine, each byte range once. */
function memoryOf(graph: Graph): number {
  const ranges = new Map<string, number>();
  for (const { origin, shape } of leaves(Object.values(graph.outputs)))
    if (origin.kind === "weight") ranges.set(`${origin.range.file}:${origin.range.offset}`, sizeOf(shape) * BYTES.f32);
  return [...ranges.values()].reduce((a, b) => a + b, 0) + largestActivation(graph);
}
