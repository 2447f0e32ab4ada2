// What every model family tells of itself.
import type { WeightSource } from "../weights/source.ts";
import type { ModelFolder } from "./model-folder.ts";

export interface FamilyDescriptor {
  readonly name: string;
  /** Whether a folder holds a model of this family. */
  detect(folder: ModelFolder): boolean;
  /** Reads configs and headers. @throws DiffusionError `model-invalid` */
  describe(folder: ModelFolder): Promise<ModelDescription>;
}

export interface ModelDescription {
  readonly variant: string;
  readonly parts: readonly { readonly name: string; readonly source: WeightSource }[];
  /** what this version can do with it */
  readonly tasks: readonly string[];
  /** side of the square picture it was trained on, in pixels */
  readonly nativeSize?: number;
}
