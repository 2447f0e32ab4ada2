// How a graph gets into the engine process: small ones at once; large ones over precomputed weights, and from the second time
// on from the prepacked cache.
import { DiffusionError } from "../base/errors.ts";
import type { Target } from "../nn/emission.ts";
import { largestActivation } from "../onnx/cost.ts";
import { serialize } from "../onnx/serialize.ts";
import type { DiskCache } from "./disk-cache.ts";
import { beginEntry, commitEntry, discardEntry, findEntry, seenBefore } from "./disk-cache.ts";
import { precompute } from "./precomputed-weights.ts";
import { prepackedKey, prepackedModel, readingOptions, writingOptions } from "./prepacked-cache.ts";
import type { Session } from "./session.ts";
import type { SessionOptions } from "./session-options.ts";
import { sessionOptions } from "./session-options.ts";

export interface Preparation {
  readonly target: Target;
  readonly threads: number;
  /** the cache a session may use */
  readonly cache: DiskCache | undefined;
  readonly signal: AbortSignal | undefined;
}

/** Makes the session in its engine process. @throws DiffusionError `engine`, `out-of-memory`, `cancelled` */
export async function prepare(session: Session, preparation: Preparation): Promise<void> {
  const { target, threads, cache, signal } = preparation;
  const options = sessionOptions(target, threads, largestActivation(session.graph));
  const create: Create = (from, how) =>
    session.child.request(
      { kind: "create", session: session.number, model: from, options: how },
      `preparing ${session.label}`,
      signal,
    );
  const model = serialize(session.graph);
  const key = cache && (await prepackedKey(target, session.graph, model).catch(() => undefined));
  // Without a key a weights file is missing: creation says so.
  if (!cache || !key) {
    await create(model, options);
    return;
  }
  const way: CachedWay = { session, key, options, create, cache };
  if (await load(way)) return;
  // Now: sizes that are asked for once are not worth gigabytes of disk.
  const again = await seenBefore(cache, key);
  const light = serialize(await precompute(session.graph, session.child, cache, signal));
  if (again && (await pack(light, way))) return;
  await create(light, options);
}

type Create = (from: Uint8Array | string, how: SessionOptions) => Promise<null>;

interface CachedWay {
  readonly session: Session;
  readonly key: string;
  readonly options: SessionOptions;
  readonly create: Create;
  readonly cache: DiskCache;
}

/** Whether the session was made by way of a new entry. A cache that fails is never a reason to fail. */
async function pack(model: Uint8Array, way: CachedWay): Promise<boolean> {
  const { session, key, options, create, cache } = way;
  // A weight may lie in the entry twice, packed and as it was.
  const draft = await beginEntry(cache, key, 2 * session.memory);
  if (draft === undefined) return false;
  try {
    await create(model, writingOptions(options, draft));
    await commitEntry(cache, key, draft);
  } catch (error) {
    await discardEntry(draft);
    if (isFinal(error, session)) throw error;
    return false;
  }
  // The session that wrote the entry holds every weight twice: one that maps the entry takes its place.
  return load(way);
}

/** Loads the entry, if there is one. A broken one is removed. */
async function load({ session, key, options, create, cache }: CachedWay): Promise<boolean> {
  const entry = await findEntry(cache, key);
  if (entry === undefined) return false;
  try {
    await create(prepackedModel(entry), readingOptions(options));
    return true;
  } catch (error) {
    if (isFinal(error, session)) throw error;
    await discardEntry(entry);
    return false;
  }
}

/** Cancellation, memory and a dead process end a preparation; a refusal only ends the way by the cache. */
const isFinal = (error: unknown, { child }: Session): boolean =>
  child.dead || (error instanceof DiffusionError && error.code !== "engine");
