// The model families this version knows.
import { DiffusionError } from "../base/errors.ts";
import type { FamilyDescriptor } from "./family.ts";
import type { ModelFolder } from "./model-folder.ts";
import { stableDiffusion } from "./stable-diffusion/index.ts";

const FAMILIES: readonly FamilyDescriptor[] = [stableDiffusion];

/** @throws DiffusionError `model-unknown` */
export function familyOf(folder: ModelFolder): FamilyDescriptor {
  const found = FAMILIES.find((family) => family.detect(folder));
  if (!found)
    throw new DiffusionError(
      "model-unknown",
      `${folder.path} is a ${folder.pipelineClass} model; this version runs: ${FAMILIES.map((f) => f.name).join(", ")}`,
    );
  return found;
}
