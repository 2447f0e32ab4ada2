// What the world outside a text knows about it: models, files, jobs. Everything is optional; a service shows what it is told.
import type { ModelReference } from "../../../../schemas/document/index.ts";

/** What is known about a model from its configurations and headers. */
export interface ModelFacts {
  readonly family: string;
  readonly variant?: string;
  readonly description?: string;
  /** As its makers name it: `MIT`, `cc-by-nc-4.0`. */
  readonly license?: string;
  /** Side in pixels of the square pictures it was trained on. */
  readonly nativeSize?: number;
  /** Sides of a picture are multiples of it, in pixels. */
  readonly sizeMultiple?: number;
  readonly steps?: number;
  readonly guidanceScale?: number;
  /** The samplers that fit how it was trained; without it all do. */
  readonly samplers?: readonly string[];
  /** How its text encoder counts. */
  readonly text?: TextFacts;
}

/** How a text encoder counts a text. */
export interface TextFacts {
  /** Tokens that fit, without those that frame them: 75. */
  readonly room: number;
  /** Tokens of a text, without those that frame it. A text cut at blanks has as many as its parts together. */
  readonly countTokens: (text: string) => number;
}

/** Why nothing is known about a model that is named. */
export interface ModelProblem {
  readonly code: "model-not-found" | "model-unknown" | "model-invalid" | "not-available";
  readonly message: string;
}

/** A model that can be proposed. */
export interface ListedModel {
  readonly reference: string;
  readonly detail?: string;
}

/** A file or folder. */
export interface FileEntry {
  readonly name: string;
  readonly isFolder: boolean;
}

/** What the last run of a node did. */
export interface JobFacts {
  readonly state: "running" | "done" | "failed";
  /** Absolute path of its last picture. */
  readonly thumbnail?: string;
  /** The seed that was drawn for `random`. */
  readonly seed?: bigint;
}

/** What is known at the moment. Functions answer at once, `undefined` for what is not known. */
export interface Facts {
  readonly model?: (reference: ModelReference) => ModelFacts | ModelProblem | undefined;
  readonly models?: readonly ListedModel[];
  /** What lies in a folder; its path starts at the document. */
  readonly files?: (folder: string) => readonly FileEntry[];
  /** By the name of a node. */
  readonly job?: (node: string) => JobFacts | undefined;
}

/** The facts of a model, unless it has a problem or is not known. */
export function knownModel(facts: Facts, reference: ModelReference | undefined): ModelFacts | undefined {
  const found = reference === undefined ? undefined : facts.model?.(reference);
  return found && !("code" in found) ? found : undefined;
}
