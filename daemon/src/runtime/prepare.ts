// How a graph gets into the engine process: from the prepacked cache, or optimised now and put there for the next time.
import { dirname } from "node:path";
import { DiffusionError } from "../base/errors.ts";
import type { Target } from "../nn/emission.ts";
import { serialize } from "../onnx/serialize.ts";
import {
  beginPrepacked,
  commitPrepacked,
  discardPrepacked,
  findPrepacked,
  prepackedKey,
  readingOptions,
  writingOptions,
} from "./prepacked-cache.ts";
import type { Session } from "./session.ts";
import type { SessionOptions } from "./session-options.ts";
import { sessionOptions } from "./session-options.ts";

/** The cache a session may use. */
export interface CachePlan {
  readonly folder: string;
  /** bytes of all entries together */
  readonly limit: number;
}

export interface Preparation {
  readonly target: Target;
  readonly threads: number;
  readonly cache: CachePlan | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Makes the session in its engine process. @throws DiffusionError `engine`, `out-of-memory`, `cancelled` */
export async function prepare(session: Session, preparation: Preparation): Promise<void> {
  const { target, threads, cache, signal } = preparation;
  const options = sessionOptions(target, threads);
  const model = serialize(session.graph);
  const create: Create = (from, how) =>
    session.child.request(
      { kind: "create", session: session.number, model: from, options: how },
      `preparing ${session.label}`,
      signal,
    );
  const key = cache && (await prepackedKey(target, session.graph, model).catch(() => undefined));
  // Without a key a weights file is missing: creation says so.
  if (cache && key && (await prepareCached(session, { model, key, options, create, cache }))) return;
  await create(model, options);
}

type Create = (from: Uint8Array | string, how: SessionOptions) => Promise<null>;

interface CachedWay {
  readonly model: Uint8Array;
  readonly key: string;
  readonly options: SessionOptions;
  readonly create: Create;
  readonly cache: CachePlan;
}

/** Whether the session was made by way of the cache. A cache that fails is never a reason to fail. */
async function prepareCached(session: Session, way: CachedWay): Promise<boolean> {
  const { model, key, options, create, cache } = way;
  if (await load(session, way)) return true;
  const draft = await beginPrepacked(cache.folder, key, session.memory);
  if (draft === undefined) return false;
  try {
    await create(model, writingOptions(options, draft));
    await commitPrepacked(cache.folder, key, draft, cache.limit);
  } catch (error) {
    await discardPrepacked(draft);
    if (isFinal(error, session)) throw error;
    return false;
  }
  // The session that wrote the entry holds every weight twice: one that maps the entry takes its place.
  return load(session, way);
}

/** Loads the entry, if there is one. A broken one is removed. */
async function load(session: Session, { key, options, create, cache }: CachedWay): Promise<boolean> {
  const path = await findPrepacked(cache.folder, key);
  if (path === undefined) return false;
  try {
    await create(path, readingOptions(options));
    return true;
  } catch (error) {
    if (isFinal(error, session)) throw error;
    await discardPrepacked(dirname(path));
    return false;
  }
}

/** Cancellation, memory and a dead process end a preparation; a refusal only ends the way by the cache. */
const isFinal = (error: unknown, { child }: Session): boolean =>
  child.dead || (error instanceof DiffusionError && error.code !== "engine");
