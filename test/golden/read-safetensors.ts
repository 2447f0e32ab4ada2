// A safetensors reader for references: f32, f64 and i64 tensors as f32 host tensors, f64 kept beside. Not strict.
import { readFileSync } from "node:fs";
import { sizeOf, tensor, type Tensor } from "../../daemon/src/tensor/tensor.ts";

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}

/** Every tensor of a file by name. Integers and doubles become float32, which is exact for what references hold. */
export function readSafetensors(path: string): Record<string, Tensor> {
  const file = readFileSync(path);
  const length = Number(file.readBigUInt64LE(0));
  const header = JSON.parse(file.toString("utf8", 8, 8 + length)) as Record<string, Entry>;
  delete header.__metadata__;
  const read = ({ dtype, shape, data_offsets }: Entry): Tensor => {
    const bytes = file.subarray(8 + length + data_offsets[0], 8 + length + data_offsets[1]);
    return tensor(Float32Array.from({ length: sizeOf(shape) }, (_, i) => element(bytes, dtype, i)), shape);
  };
  return Object.fromEntries(Object.entries(header).map(([name, entry]) => [name, read(entry)]));
}

function element(bytes: Buffer, dtype: string, index: number): number {
  if (dtype === "F32") return bytes.readFloatLE(4 * index);
  if (dtype === "F64") return bytes.readDoubleLE(8 * index);
  if (dtype === "I64") return Number(bytes.readBigInt64LE(8 * index));
  throw new Error(`the reference reader knows no ${dtype}`);
}
