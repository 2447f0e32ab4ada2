// JSON whose integers beyond 2^53 keep every digit, as bigint: seeds go up to 2^64 - 1. Python's NaN and Infinity are read as null.

// In Node since 21 (proposal "JSON.parse source text access"), not yet in TypeScript's library.
const json = JSON as unknown as {
  parse(text: string, reviver: (key: string, value: unknown, context: { source?: string }) => unknown): unknown;
  rawJSON(text: string): unknown;
};

/** @throws SyntaxError */
export function parseExactJson(text: string): unknown {
  try {
    return json.parse(text, exact);
  } catch (error) {
    const strict = withoutNonFinite(text);
    if (strict === text) throw error;
    return json.parse(strict, exact);
  }
}

export function stringifyExactJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? json.rawJSON(part.toString()) : part));
}

function exact(_: string, value: unknown, context: { source?: string }): unknown {
  const { source } = context;
  const long =
    typeof value === "number" && !Number.isSafeInteger(value) && source !== undefined && /^-?\d+$/.test(source);
  return long ? BigInt(source) : value;
}

/** Strings are matched first, so that what they hold stays. */
function withoutNonFinite(text: string): string {
  return text.replace(/"(?:[^"\\]+|\\.)*"?|-?\bInfinity\b|\bNaN\b/g, (part) => (part.startsWith('"') ? part : "null"));
}
