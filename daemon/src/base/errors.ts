// Errors a user can meet: a closed union of codes, each with a message that names the place and the way out.

/** Every code an error of ours can carry. Stable: scripts and the editor match on them. */
export type ErrorCode =
  | "arguments" // the command line is wrong
  | "document" // the .diffusion file has errors
  | "file-not-found"
  | "file-unreadable"
  | "file-unwritable"
  | "model-not-found"
  | "model-unknown" // not a model of a family we know
  | "model-invalid" // a config key or tensor is wrong or missing
  | "weights-invalid" // a safetensors header breaks the format
  | "weights-unsafe" // pickle and other formats that can run code
  | "weights-not-finite" // NaN or infinity came out of the network
  | "picture-invalid"
  | "picture-too-large"
  | "not-available" // valid, but not built in this version
  | "unsupported" // this model or device cannot do it
  | "device-unavailable"
  | "out-of-memory"
  | "engine" // the engine process died or refused a graph
  | "cancelled"
  | "internal"; // a fault of ours

/** An error whose message is meant for the user. Anything else that is thrown is a fault of ours. */
export class DiffusionError extends Error {
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "DiffusionError";
    this.code = code;
  }
}
