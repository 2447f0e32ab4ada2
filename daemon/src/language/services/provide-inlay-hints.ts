// Inlay hints: the size and number of results where it is not written, the seed that was drawn, tokens of prompts.
import type { ParsedNode, ParseResult } from "../parse.ts";
import type { Range } from "../source.ts";
import { contentEnd } from "./content-end.ts";
import { modelReferenceOf, resultsOf, rightEntry, sizeOf, valueOf } from "./effective.ts";
import { type Facts, knownModel, type ModelFacts } from "./facts.ts";
import { tokensOf } from "./prompts.ts";

/** A short text shown behind an offset. */
export interface InlayHint {
  readonly offset: number;
  readonly label: string;
  readonly tooltip: string;
}

/** The hints in a range. */
export function provideInlayHints(document: ParseResult, within: Range, facts: Facts): InlayHint[] {
  return document.nodes
    .filter(({ range }) => range.start <= within.end && range.end >= within.start)
    .flatMap((node) => nodeHints(node, document, facts))
    .filter(({ offset }) => within.start <= offset && offset <= within.end);
}

function nodeHints(node: ParsedNode, document: ParseResult, facts: Facts): InlayHint[] {
  const model = knownModel(facts, modelReferenceOf(node));
  return [...sizeHints(node, model, document), ...seedHints(node, facts), ...tokenHints(node, model, document)];
}

/** Behind the node's name, or behind its prompt in a file of one node. */
function sizeHints(node: ParsedNode, model: ModelFacts | undefined, document: ParseResult): InlayHint[] {
  const size = node.task === "image" ? sizeOf(node, model) : undefined;
  const isWritten = node.entries.has("size") || (node.entries.has("width") && node.entries.has("height"));
  const isGrown = size !== undefined && size.final.width !== size.first.width;
  const results = resultsOf(node);
  const parts = [
    size && (!isWritten || isGrown) ? `${size.final.width}×${size.final.height}` : "",
    results > 1 ? `${results} results` : "",
  ].filter((part) => part !== "");
  if (parts.length === 0) return [];
  const { end } = node.nameRange;
  const colon = /^[ ]*:/.exec(document.text.slice(end, end + 8))?.[0].length ?? 0;
  const isNamed = document.text.slice(node.range.start, node.nameRange.end) === node.name;
  const offset = isNamed ? end + colon : lineEnd(document.text, end);
  return [{ offset, label: parts.join(", "), tooltip: "The size and number of the results" }];
}

function lineEnd(text: string, offset: number): number {
  const newline = text.indexOf("\n", offset);
  return contentEnd(text, { start: offset, end: newline < 0 ? text.length : newline });
}

function seedHints(node: ParsedNode, facts: Facts): InlayHint[] {
  const seed = rightEntry(node, "seed");
  const drawn = facts.job?.(node.name)?.seed;
  if (seed?.value !== "random" || drawn === undefined || seed.origin !== "node") return [];
  return [{ offset: seed.ast.range.end, label: String(drawn), tooltip: "The seed of the last run" }];
}

function tokenHints(node: ParsedNode, model: ModelFacts | undefined, { text }: ParseResult): InlayHint[] {
  const counted = model?.text;
  if (!counted) return [];
  return ["prompt", "negative_prompt"].flatMap((key) => {
    const entry = rightEntry(node, key);
    const prompt = valueOf(node, key);
    if (entry?.origin !== "node" || typeof prompt !== "string" || prompt.trim() === "") return [];
    const tooltip = `Tokens of the prompt, of ${counted.room} that the text encoder reads at once`;
    return [
      {
        offset: contentEnd(text, entry.ast.range),
        label: `${tokensOf(prompt, node, counted)}/${counted.room}`,
        tooltip,
      },
    ];
  });
}
