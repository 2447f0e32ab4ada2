// The lines of a wildcard file.

/** The lines that can be drawn: without space around them, empty lines and comments (`# …`). */
export function wildcardLines(text: string): string[] {
  const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
  return lines.map((line) => line.trim()).filter((line) => line !== "" && !line.startsWith("#"));
}
