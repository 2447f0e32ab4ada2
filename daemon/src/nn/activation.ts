// Activation functions by the names that configs use.
import { DiffusionError } from "../base/errors.ts";
import type { Value } from "../onnx/graph.ts";
import * as op from "../onnx/ops.ts";
import type { WeightScope } from "./weight-scope.ts";

/** x·sigmoid(x) */
export function silu(scope: WeightScope, x: Value): Value {
  return scope.forms.silu === "quick-gelu" ? op.quickGelu(x, 1) : op.mul(x, op.sigmoid(x));
}

/** x·sigmoid(1.702 x), OpenAI CLIP's approximation of GELU. */
function quickGelu(scope: WeightScope, x: Value): Value {
  return scope.forms.silu === "quick-gelu" ? op.quickGelu(x, 1.702) : op.mul(x, op.sigmoid(op.scale(x, 1.702)));
}

const ACTIVATIONS: Record<string, (scope: WeightScope, x: Value) => Value> = {
  silu,
  swish: silu,
  quick_gelu: quickGelu,
  gelu: (_, x) => op.gelu(x),
  gelu_new: (_, x) => op.gelu(x, "tanh"),
  gelu_pytorch_tanh: (_, x) => op.gelu(x, "tanh"),
  relu: (_, x) => op.relu(x),
};

/** The activation of that config name. @throws DiffusionError `model-invalid` */
export function activation(name: string): (scope: WeightScope, x: Value) => Value {
  const found = Object.hasOwn(ACTIVATIONS, name) ? ACTIVATIONS[name] : undefined;
  if (!found)
    throw new DiffusionError(
      "model-invalid",
      `unknown activation ${name}; known: ${Object.keys(ACTIVATIONS).join(", ")}`,
    );
  return found;
}
