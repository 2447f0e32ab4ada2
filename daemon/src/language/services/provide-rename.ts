// Renaming nodes and variables.
import { namePattern } from "../../../../schemas/document/index.ts";
import type { Edit } from "../diagnostics.ts";
import type { ParseResult } from "../parse.ts";
import type { Range } from "../source.ts";
import { occurrenceAt, occurrencesOf, sameName } from "./occurrences.ts";

/** What can be renamed at an offset. */
export function prepareRename(document: ParseResult, offset: number): { range: Range; name: string } | undefined {
  const named = occurrenceAt(document, offset);
  const isDefined = named && sameName(document, named).some(({ role }) => role === "definition");
  return isDefined ? { range: named.range, name: named.name } : undefined;
}

const expression = new RegExp(namePattern);

/** The edits that rename what stands at the offset, or why it cannot have the name. */
export function provideRename(document: ParseResult, offset: number, newName: string): Edit[] | { refused: string } {
  const named = occurrenceAt(document, offset);
  if (!named || !prepareRename(document, offset)) return { refused: "there is no node or variable here" };
  if (!expression.test(newName))
    return { refused: `a name is a word of letters, digits, \`_\` and \`-\`, not \`${newName}\`` };
  const taken = occurrencesOf(document).some(
    (o) => o.kind === named.kind && o.role === "definition" && o.name === newName,
  );
  if (taken && newName !== named.name) return { refused: `there is a ${named.kind} \`${newName}\` already` };
  return sameName(document, named).map(({ range }) => ({ range, newText: newName }));
}
