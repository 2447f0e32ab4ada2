// What the command writes: results to standard output, all else to standard error.
import { stringifyExactJson } from "../codecs/exact-json.ts";

/** A line of the result. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** One JSON object on one line; integers keep all their digits. */
export function printJson(value: object): void {
  print(stringifyExactJson(value));
}

/** Something for the person at the terminal. */
export function printProblem(text: string): void {
  process.stderr.write(`${text}\n`);
}

/** Whether standard error understands colours and wants them (https://no-color.org). */
export const colored = (): boolean => process.stderr.isTTY && !process.env.NO_COLOR;

/** `1.5 GB`: powers of ten, three digits. */
export function formatBytes(bytes: number): string {
  return `${formatCount(bytes)}B`;
}

/** `4.74 M`, `770 k`: three digits. */
export function formatCount(count: number): string {
  const units = ["", "k", "M", "G", "T"];
  const step = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, count)) / 3));
  const scaled = count / 1000 ** step;
  const digits = step === 0 ? String(count) : scaled.toFixed(scaled >= 100 ? 0 : scaled >= 10 ? 1 : 2);
  return `${digits} ${units[step]!}`;
}
