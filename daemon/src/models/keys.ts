// Other spellings of published keys, as data: applied once when the weights are opened.
import type { TensorRange } from "../weights/safetensors.ts";

/** A pattern in a foreign key and what stands there in ours. */
export type KeyRule = readonly [pattern: RegExp, replacement: string];

/** The tensors under the keys that the networks spell. */
export function renameKeys(
  tensors: ReadonlyMap<string, TensorRange>,
  rules: readonly KeyRule[],
): Map<string, TensorRange> {
  const rename = (key: string) =>
    rules.reduce((name, [pattern, replacement]) => name.replace(pattern, replacement), key);
  return new Map([...tensors].map(([key, range]) => [rename(key), range]));
}
