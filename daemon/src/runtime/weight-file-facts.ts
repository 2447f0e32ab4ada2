// What tells whether the weights below a graph are still the same without reading them: path, size and time of each file.
import { stat } from "node:fs/promises";
import type { Value } from "../onnx/graph.ts";
import { leaves } from "../onnx/graph.ts";

/** [path, bytes, time] of every weights file below the values. @throws Error when one is missing */
export async function weightFileFacts(values: readonly Value[]): Promise<[string, number, number][]> {
  const files = leaves(values).flatMap(({ origin }) => (origin.kind === "weight" ? [origin.range.file] : []));
  return Promise.all(
    [...new Set(files)].map(async (file): Promise<[string, number, number]> => {
      const { size, mtimeMs } = await stat(file);
      return [file, size, mtimeMs];
    }),
  );
}
