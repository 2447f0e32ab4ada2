// The exit status of the command for every code of an error.
import type { ErrorCode } from "../base/errors.ts";

/** 0 done, 1 failed, 2 the file or the arguments are wrong, 130 cancelled */
export type ExitStatus = 0 | 1 | 2 | 130;

const STATUSES: Record<ErrorCode, ExitStatus> = {
  arguments: 2,
  document: 2,
  "file-not-found": 2,
  "file-unreadable": 2,
  "file-unwritable": 1,
  "model-not-found": 2,
  "model-unknown": 2,
  "model-invalid": 2,
  "weights-invalid": 2,
  "weights-unsafe": 2,
  "weights-not-finite": 1,
  "picture-invalid": 2,
  "picture-too-large": 2,
  "not-available": 2,
  unsupported: 2,
  "device-unavailable": 1,
  "out-of-memory": 1,
  engine: 1,
  cancelled: 130,
  internal: 1,
};

export const statusOf = (code: ErrorCode): ExitStatus => STATUSES[code];
