// Text of a document or a model's files inside Markdown: shown as it is, never as a link or a picture from elsewhere.

/** As code in a line. */
export function code(text: string): string {
  return `\`${text.replace(/\s+/g, " ").replaceAll("`", "'")}\``;
}

/** As code over lines. */
export function fenced(text: string): string {
  const longest = Math.max(2, ...[...text.matchAll(/`+/g)].map(([ticks]) => ticks.length));
  const fence = "`".repeat(longest + 1);
  return `${fence}text\n${text.trimEnd()}\n${fence}`;
}

/** As words, whatever they are made of. */
export function words(text: string): string {
  return text.replace(/\s+/g, " ").replace(/[\\`*_{}[\]()#+!<>|~&:@]/g, "\\$&");
}
