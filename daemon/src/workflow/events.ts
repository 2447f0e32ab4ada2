// What a run tells while it goes on: the same events for the command line, the daemon and the editor.
import type { ErrorCode } from "../base/errors.ts";
import type { Progress } from "../pipelines/context.ts";

export interface Output {
  readonly node: string;
  /** absolute */
  readonly path: string;
  /** of the results of one node, from 0 */
  readonly index: number;
  readonly seed: bigint;
  /** of the file */
  readonly sha256: string;
}

export type RunEvent =
  | { readonly event: "started"; readonly node: string; readonly count: number }
  | ({ readonly event: "progress"; readonly node: string; readonly index: number } & Progress)
  | { readonly event: "warning"; readonly node: string; readonly message: string }
  | ({ readonly event: "output" } & Output)
  | { readonly event: "done"; readonly outputs: readonly Output[] }
  | { readonly event: "failed"; readonly code: ErrorCode; readonly message: string };
