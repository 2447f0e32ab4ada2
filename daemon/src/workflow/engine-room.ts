// The engines of one process: one for each device that a node asks for, started when first needed.
import { DiffusionError } from "../base/errors.ts";
import type { RunnableOf } from "../language/resolve.ts";
import type { Emission, Profile, Target } from "../nn/emission.ts";
import { automaticTarget } from "../runtime/automatic-target.ts";
import { Engine } from "../runtime/engine.ts";
import { usableMemory } from "../runtime/machine.ts";
import { knownProvider } from "../runtime/probe.ts";
import { checkedEmission } from "../runtime/self-test.ts";

type Wishes = Pick<RunnableOf<"image">["keys"], "device" | "precision" | "memory">;

export interface Place {
  readonly engine: Engine;
  readonly emission: Emission;
  /** bytes that one step may take */
  readonly memoryBudget: number;
}

/** Share of the memory that a step may take: the system and the editor live in the rest. */
const SHARE = 0.75;

export class EngineRoom implements AsyncDisposable {
  readonly #engines = new Map<Target, Engine>();

  /**
   * The engine and the op forms for a node.
   * @throws DiffusionError `device-unavailable`, `unsupported` for a precision that the device does not compute in
   */
  async open({ device, precision, memory }: Wishes): Promise<Place> {
    const target = device === "auto" ? await automaticTarget() : await requireWorking(device);
    const chosen = await checkedEmission(target, profileOf(target, precision));
    const forms = memory.attention === "auto" ? chosen.forms : { ...chosen.forms, attention: memory.attention };
    const engine = this.#engines.get(target) ?? (await Engine.start({ target }));
    this.#engines.set(target, engine);
    return { engine, emission: { ...chosen, forms }, memoryBudget: usableMemory() * SHARE };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#engines.values()].map((engine) => engine.close()));
  }

  /** Ends all engine processes at once. */
  async kill(): Promise<void> {
    await Promise.all([...this.#engines.values()].map((engine) => engine.kill()));
  }
}

async function requireWorking(target: Target): Promise<Target> {
  const { works, reason = "" } = await knownProvider(target);
  if (works) return target;
  throw new DiffusionError(
    "device-unavailable",
    `device ${target} does not work here: ${reason}. Try \`device: auto\`, or see \`diffusion doctor\``,
  );
}

function profileOf(target: Target, precision: Wishes["precision"]): Profile {
  if (precision === "auto" || precision === "fp32") return "exact";
  if (precision === "int8" && target === "cpu") return "fast";
  throw new DiffusionError(
    "unsupported",
    `precision ${precision} is not computed on ${target} by this version; use fp32${target === "cpu" ? " or int8" : ""}`,
  );
}
