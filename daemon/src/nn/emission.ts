// What a graph is emitted for: the device and the numeric profile, and from both the op forms to use (the op table).

/** An execution provider that graphs can be emitted for. */
export type Target = "cpu" | "cuda" | "tensorrt" | "dml" | "coreml" | "webgpu";

/** `exact` keeps fp32; `fast` quantises the large products to int8 where the table has a form for it. */
export type Profile = "exact" | "fast";

/** The chosen form of each need. Networks never look at it: the functions of nn/ do. */
export interface OpForms {
  /** `sliced` computes one head after the other, for little memory. */
  readonly attention: "fused" | "decomposed" | "sliced";
  readonly groupNorm: "instance-norm" | "layer-norm";
  readonly silu: "quick-gelu" | "sigmoid-mul";
  readonly matMul: "float" | "int8";
}

export interface Emission {
  readonly target: Target;
  readonly profile: Profile;
  readonly forms: OpForms;
}

/** Plain ONNX only: correct everywhere. */
const PORTABLE: OpForms = { attention: "decomposed", groupNorm: "instance-norm", silu: "sigmoid-mul", matMul: "float" };

/** Measured on the CPU provider: flash attention, and SiLU in one node. */
const CPU: OpForms = { attention: "fused", groupNorm: "instance-norm", silu: "quick-gelu", matMul: "float" };

const FORMS: Record<Target, OpForms> = {
  cpu: CPU,
  cuda: { ...PORTABLE, attention: "fused", silu: "quick-gelu" },
  tensorrt: PORTABLE,
  dml: { ...PORTABLE, attention: "fused", silu: "quick-gelu" },
  coreml: PORTABLE,
  webgpu: PORTABLE,
};

/** The op table for a target and profile. int8 forms exist for the CPU alone. */
export function emission(target: Target, profile: Profile = "exact"): Emission {
  const forms = FORMS[target];
  return { target, profile, forms: profile === "fast" && target === "cpu" ? { ...forms, matMul: "int8" } : forms };
}
