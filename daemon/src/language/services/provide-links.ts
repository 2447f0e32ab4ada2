// Links: files that a document names, and models on the Hub.
import type { ParseResult } from "../parse.ts";
import { textBranch } from "../shape.ts";
import type { Range } from "../source.ts";
import { wildcardPath } from "./describe-prompt.ts";
import { itemsOf, type ScalarItem } from "./items.ts";
import { leavesOf, promptsWithSyntax, type WrittenPrompt } from "./prompts.ts";

/** Text that leads somewhere: a path that starts at the document, or a page. */
export type DocumentLink =
  { readonly range: Range; readonly path: string } | { readonly range: Range; readonly url: string };

/** The links of a document. Paths are not looked for: who shows the link does it. */
export function provideLinks(document: ParseResult): DocumentLink[] {
  const named = itemsOf(document).flatMap((item) => (item.kind === "scalar" ? (linkOf(item) ?? []) : []));
  return [...named, ...promptsWithSyntax(document).flatMap(wildcardLinks)];
}

function wildcardLinks(written: WrittenPrompt): DocumentLink[] {
  return leavesOf(written).flatMap(({ node, range }) =>
    node.kind === "wildcard" && !node.name.includes("*") ? [{ range, path: wildcardPath(node.name) }] : [],
  );
}

function linkOf({ scalar, shape, owner }: ScalarItem): DocumentLink | undefined {
  const { value, style, range: whole } = scalar;
  const format = shape && textBranch(shape)?.format;
  if (format === undefined || typeof value !== "string" || value.startsWith("$") || value.includes("${"))
    return undefined;
  if (owner.kind === "head" || /[\r\n]/.test(value) || style === "block") return undefined;
  const range = style === "plain" ? whole : { start: whole.start + 1, end: whole.end - 1 };
  const hub = /^hf:([\w.-]+\/[\w.-]+)(?:@([\w./-]+))?(?:#.*)?$/.exec(value);
  if (hub) {
    const revision = hub[2] === undefined ? "" : `/tree/${hub[2]}`;
    return { range, url: `https://huggingface.co/${hub[1]!}${revision}` };
  }
  const isName = format === "model" && !/[/\\]|\.\w+$/.test(value);
  return isName || /^\w{2,}:/.test(value) ? undefined : { range, path: value };
}
