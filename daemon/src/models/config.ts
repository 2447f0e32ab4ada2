// Reading published config.json files: every key is either understood, known to be without effect here, or an error.
import { DiffusionError } from "../base/errors.ts";

/** How to read one key: its value, or undefined when it does not fit. */
export interface Field<T> {
  readonly fallback: T | undefined;
  readonly expects: string;
  read(value: unknown): T | undefined;
}

type Fields = Readonly<Record<string, Field<unknown>>>;
export type ConfigOf<F extends Fields> = { readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

const isInteger = (v: unknown): v is number => typeof v === "number" && Number.isInteger(v);

export const integer = (fallback?: number): Field<number> => ({
  fallback,
  expects: "a whole number above 0",
  read: (v) => (isInteger(v) && v > 0 ? v : undefined),
});

export const number = (fallback?: number): Field<number> => ({
  fallback,
  expects: "a number",
  read: (v) => (typeof v === "number" && Number.isFinite(v) ? v : undefined),
});

export const boolean = (fallback: boolean): Field<boolean> => ({
  fallback,
  expects: "true or false",
  read: (v) => (typeof v === "boolean" ? v : undefined),
});

export const oneOf = <const T extends string | number | boolean | null>(
  values: readonly T[],
  fallback?: T,
): Field<T> => ({
  fallback,
  expects: `one of ${values.map((v) => JSON.stringify(v)).join(", ")}`,
  read: (v) => values.find((known) => known === v),
});

/** A field that may also be null, which is its default. */
export const optional = <T>(field: Field<T>): Field<T | null> => ({
  fallback: null,
  expects: `${field.expects}, or null`,
  read: (v) => (v === null ? null : field.read(v)),
});

export const listOf = <T>(field: Field<T>, fallback?: readonly T[]): Field<readonly T[]> => ({
  fallback,
  expects: `a list of ${field.expects}`,
  read: (v) => {
    if (!Array.isArray(v) || v.length === 0) return undefined;
    const items = v.map((item) => field.read(item));
    return items.every((item) => item !== undefined) ? items : undefined;
  },
});

/** One value for all blocks, or a list of one each. */
export const perBlock = <T>(field: Field<T>, fallback?: T): Field<T | readonly T[]> => ({
  fallback,
  expects: `${field.expects}, or a list of one for each block`,
  read: (v) => (Array.isArray(v) ? listOf(field).read(v) : field.read(v)),
});

/** Spreads a per-block value over `count` blocks. */
export function spread<T>(value: T | readonly T[], count: number, place: string): T[] {
  if (!Array.isArray(value)) return Array.from({ length: count }, () => value as T);
  if (value.length !== count)
    throw new DiffusionError("model-invalid", `${place} lists ${value.length} values for ${count} blocks`);
  return [...(value as readonly T[])];
}

/**
 * Reads a config by its fields. Keys starting with `_`, and those in `ignored` (known to change nothing at inference in
 * full precision), are passed over.
 * @throws DiffusionError `model-invalid` naming the file, the key and what was expected
 */
export function readConfig<F extends Fields>(
  raw: unknown,
  path: string,
  fields: F,
  ignored: readonly string[],
): ConfigOf<F> {
  if (typeof raw !== "object" || raw === null || Array.isArray(raw))
    throw new DiffusionError("model-invalid", `${path} must hold a JSON object`);
  const given = new Map(Object.entries(raw));
  for (const key of given.keys())
    if (!key.startsWith("_") && !Object.hasOwn(fields, key) && !ignored.includes(key))
      throw new DiffusionError("model-invalid", `${path}: the key ${key} is not understood by this version`);
  const entries = Object.entries(fields).map(([key, field]) => [key, readField(given, key, field, path)] as const);
  return Object.fromEntries(entries) as ConfigOf<F>;
}

function readField(given: ReadonlyMap<string, unknown>, key: string, field: Field<unknown>, path: string): unknown {
  const value = given.has(key) ? field.read(given.get(key)) : field.fallback;
  if (value !== undefined) return value;
  const got = given.has(key) ? `is ${shown(given.get(key))}` : "is missing";
  throw new DiffusionError("model-invalid", `${path}: ${key} ${got}, where this version expects ${field.expects}`);
}

/** JSON, but for the numbers that JSON does not have. */
const shown = (value: unknown): string => (typeof value === "number" ? String(value) : JSON.stringify(value));
