// A place in the weights: spelling a path in the network's code spells the published key.
import { DiffusionError } from "../base/errors.ts";
import type { Value } from "../onnx/graph.ts";
import { weight } from "../onnx/graph.ts";
import { cast } from "../onnx/ops.ts";
import type { Shape } from "../tensor/tensor.ts";
import { formatShape } from "../tensor/tensor.ts";
import type { TensorRange } from "../weights/safetensors.ts";
import type { Emission, OpForms } from "./emission.ts";

/** Tensors by their published key; a Map is one. `shape` is what the network asks for. */
export interface Tensors {
  has(key: string): boolean;
  get(key: string, shape: Shape): TensorRange | undefined;
  keys(): Iterable<string>;
}

/** A prefix of keys, with how to emit the layers below it. */
export class WeightScope {
  readonly #tensors: Tensors;
  readonly #path: string;
  readonly emission: Emission;

  constructor(tensors: Tensors, emission: Emission, path = "") {
    this.#tensors = tensors;
    this.emission = emission;
    this.#path = path;
  }

  get forms(): OpForms {
    return this.emission.forms;
  }

  /** The scope below: `scope.at("down_blocks", 0, "resnets", 1)`. */
  at(...steps: readonly (string | number)[]): WeightScope {
    return new WeightScope(this.#tensors, this.emission, [this.#path, ...steps].filter((s) => s !== "").join("."));
  }

  /** The same place, kept in full precision whatever the profile: for layers too sensitive for int8. */
  exact(): WeightScope {
    const forms: OpForms = { ...this.forms, matMul: "float" };
    return new WeightScope(this.#tensors, { ...this.emission, profile: "exact", forms }, this.#path);
  }

  has(name: string): boolean {
    return this.#tensors.has(this.#key(name));
  }

  /**
   * A tensor of the expected shape, as f32.
   * @throws DiffusionError `model-invalid` naming the whole key, and the nearest one when it is missing
   */
  tensor(name: string, shape: Shape): Value {
    const key = this.#key(name);
    const range = this.#tensors.get(key, shape);
    if (!range) throw new DiffusionError("model-invalid", `the weights lack ${key}${this.#nearest(key)}`);
    if (formatShape(range.shape) !== formatShape(shape))
      throw new DiffusionError(
        "model-invalid",
        `${key} in ${range.file} is ${formatShape(range.shape)}, but the config makes it ${formatShape(shape)}`,
      );
    return cast(weight(range, key), "f32");
  }

  #key(name: string): string {
    return this.#path === "" ? name : `${this.#path}.${name}`;
  }

  /** The key that shares the longest beginning with the missing one. */
  #nearest(key: string): string {
    let best = "";
    let shared = 0;
    for (const candidate of this.#tensors.keys()) {
      const length = commonPrefix(candidate, key);
      if (length > shared) [best, shared] = [candidate, length];
    }
    return best === "" ? "" : ` (nearest: ${best})`;
  }
}

function commonPrefix(a: string, b: string): number {
  let i = 0;
  while (i < a.length && a[i] === b[i]) i++;
  return i;
}
