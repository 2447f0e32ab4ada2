// Messages between the daemon and its engine process, over an IPC channel that carries typed arrays.
import type { InferenceSession } from "onnxruntime-node";
import type { DType, Tensor } from "../tensor/tensor.ts";

/** A tensor of any element type. */
export type AnyTensor = { [D in DType]: Tensor<D> }[DType];

/** A fed tensor, or the number of one that lies in the engine process. */
export type Feed = { readonly tensor: AnyTensor } | { readonly resident: number };

/** The daemon chooses the numbers of sessions and residents; the engine answers requests one by one, in order. */
export type Request =
  | { readonly kind: "describe" }
  | {
      readonly kind: "create";
      /** a session of the same number is replaced */
      readonly session: number;
      /** a serialised graph, or the path of a model file */
      readonly model: Uint8Array | string;
      readonly options: InferenceSession.SessionOptions;
    }
  | {
      readonly kind: "run";
      readonly session: number;
      readonly feeds: Readonly<Record<string, Feed>>;
      readonly fetches: readonly string[];
      /** outputs that stay in the engine process, with their numbers */
      readonly keep: Readonly<Record<string, number>>;
    }
  | {
      readonly kind: "compute";
      /** a serialised graph without inputs: its outputs are written to a file, each at its offset */
      readonly model: Uint8Array;
      readonly options: InferenceSession.SessionOptions;
      readonly path: string;
      readonly offsets: Readonly<Record<string, number>>;
    }
  | { readonly kind: "release"; readonly sessions: readonly number[]; readonly residents: readonly number[] };

/** What the runtime library of the engine process can do. */
export interface Description {
  readonly version: string;
  readonly backends: readonly { readonly name: string; readonly bundled: boolean }[];
}

/** The answer of each kind of request. */
export interface Answers {
  describe: Description;
  create: null;
  run: Readonly<Record<string, AnyTensor>>;
  compute: null;
  release: null;
}

export type Reply =
  { readonly ok: true; readonly answer: Answers[Request["kind"]] } | { readonly ok: false; readonly message: string };
