// What a `model:` in a file means: the bundled model, or a folder beside the file.
import { stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { ModelReference } from "../../../schemas/document/index.ts";
import { DiffusionError } from "../base/errors.ts";
import { installFolder } from "../base/install.ts";

export interface FoundModel {
  /** absolute path of the folder */
  readonly path: string;
  /** as results name it */
  readonly name: string;
}

const BUNDLED = "vignette";

/**
 * @param file the `.diffusion` file that relative paths start at
 * @throws DiffusionError `model-not-found`, `not-available`
 */
export async function findModel(reference: ModelReference, file: string): Promise<FoundModel> {
  if (typeof reference !== "string" || reference.startsWith("hf:"))
    throw new DiffusionError(
      "not-available",
      `this version runs models from folders in the diffusers layout; ${typeof reference === "string" ? reference : reference.file} is none: give a folder, as ./my-model`,
    );
  if (reference === BUNDLED) return { path: join(installFolder, "media", "models", BUNDLED), name: BUNDLED };
  const path = resolve(dirname(file), reference);
  const found = await stat(path).catch(() => undefined);
  if (!found)
    throw new DiffusionError(
      "model-not-found",
      `there is no model ${reference}: neither the bundled ${BUNDLED} nor a folder at ${path}`,
    );
  if (!found.isDirectory())
    throw new DiffusionError(
      "not-available",
      `${path} is a file; this version runs models from folders in the diffusers layout (with a model_index.json)`,
    );
  return { path, name: basename(path) };
}
