// How sessions are made: the settings of onnxruntime, measured on diffusion networks.
import type { InferenceSession } from "onnxruntime-node";
import type { Target } from "../nn/emission.ts";
import { executionProviders } from "./providers.ts";

export type SessionOptions = InferenceSession.SessionOptions;

/**
 * The folder that external data locations are relative to: the root, because locations are absolute paths without their
 * leading slash. On Windows they begin with a drive and replace the folder when the runtime joins the two.
 * The setting also lifts the runtime's guard against paths outside a folder: only for graphs that we serialised.
 */
const WEIGHTS_FOLDER = "/";

/** Settings that decide how a graph is optimised and what its packed weights look like, without the threads. */
export function graphSettings(target: Target) {
  return {
    executionProviders: executionProviders(target),
    graphOptimizationLevel: "all",
    // A pattern takes a sixth more memory and saves no time.
    enableMemPattern: false,
    executionMode: "sequential",
    logSeverityLevel: 3,
    extra: {
      session: {
        intra_op: { allow_spinning: "0" },
        set_denormal_as_zero: "1",
        model_external_initializers_file_folder_path: WEIGHTS_FOLDER,
      },
      // Fusing Add into LayerNormalization makes a kernel that is three times slower on the CPU.
      optimization: { disable_specified_optimizers: "SkipLayerNormFusion" },
    },
  } as const satisfies SessionOptions;
}

/** Activations up to this many bytes are kept between runs. */
const KEPT = 24e6;

/**
 * The options of a session over a serialised graph. Keeping memory between runs saves up to a tenth of the time where activations
 * are small; where they are large, it would cost gigabytes.
 */
export const sessionOptions = (target: Target, threads: number, largestActivation: number): SessionOptions => ({
  ...graphSettings(target),
  intraOpNumThreads: threads,
  enableCpuMemArena: largestActivation <= KEPT,
});
