// The layout of .diffusion texts: two spaces a level, one around what stands in a line, one empty line at most. Comments,
// line breaks, quotes and every value stay as they are.
import { collector, type Diagnostic, type Edit } from "../diagnostics.ts";
import type { Range } from "../source.ts";
import { readYaml } from "../yaml.ts";
import { applyEdits, editsTouching } from "./edits.ts";
import { layOut } from "./layout.ts";
import { readForEditing } from "./readable.ts";
import { sameMeaning } from "./same-meaning.ts";

/** How a text is laid out. */
export interface Formatting {
  /** None when nothing is to change. */
  readonly edits: readonly Edit[];
  /** Why the text is left alone: problems without whose mending nobody can tell what it means. */
  readonly refused: readonly Diagnostic[];
}

/** What is laid out. */
export interface FormattingOptions {
  /** Only what touches this part of the text; as much more as the text needs to keep its meaning. */
  readonly range?: Range;
}

/**
 * Lays a text out. Never throws. The edits change no value; laying the result out again changes nothing.
 * A text with errors in its syntax is left alone.
 */
export function formatDocument(text: string, options: FormattingOptions = {}): Formatting {
  const { root, refused } = readForEditing(text);
  if (refused.length > 0) return { edits: [], refused };
  const all = layOut(text);
  const { range } = options;
  const chosen = range ? [editsTouching(all, range), editsTouching(all, entryAround(text, range)), all] : [all];
  const keepsMeaning = (edits: readonly Edit[]) =>
    edits.length === 0 || sameMeaning(root, readYaml(applyEdits(text, edits), collector().report));
  return { edits: chosen.find(keepsMeaning) ?? [], refused: [] };
}

/** The entries at the top of the file that a range touches, whole. */
function entryAround(text: string, { start, end }: Range): Range {
  const first = [...text.slice(0, start + 1).matchAll(/^[^\s#}\]-]/gm)].at(-1)?.index ?? 0;
  const after = /^[^\s#}\]-]/m.exec(text.slice(end + 1));
  return { start: first, end: after ? end + after.index : text.length };
}
