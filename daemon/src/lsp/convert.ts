// Between offsets of a text and the protocol's positions, and from the services' results to the protocol's types.
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  CompletionItemKind,
  type CompletionItem,
  type Diagnostic,
  DiagnosticSeverity,
  DiagnosticTag,
  type DocumentSymbol,
  InsertTextFormat,
  InsertTextMode,
  type Position,
  type Range,
  SymbolKind,
  type TextEdit,
} from "vscode-languageserver/node";
import type { Edit } from "../language/diagnostics.ts";
import type { Proposal, ProposalKind } from "../language/services/provide-completion.ts";
import type { Problem } from "../language/services/provide-diagnostics.ts";
import type { DocumentSymbol as Outlined } from "../language/services/provide-symbols.ts";
import { type LineStarts, positionAt, type Range as Offsets } from "../language/source.ts";

/** A text as far as positions in it go. */
export interface Lined {
  readonly text: string;
  readonly lines: LineStarts;
}

/** The offset of a position; one behind the end of its line counts as the end. */
export function offsetOf({ text, lines }: Lined, { line, character }: Position): number {
  if (line < 0 || line >= lines.length) return line < 0 ? 0 : text.length;
  const end = lines[line + 1] ?? text.length + 1;
  return Math.min(lines[line]! + Math.max(0, character), Math.max(lines[line]!, end - 1), text.length);
}

/** Offsets as the protocol's range. */
export function rangeOf({ lines }: Lined, { start, end }: Offsets): Range {
  return { start: positionAt(lines, start), end: positionAt(lines, end) };
}

/** The protocol's range as offsets. */
export function offsetsOf(lined: Lined, { start, end }: Range): Offsets {
  return { start: offsetOf(lined, start), end: offsetOf(lined, end) };
}

/** Edits of a text. */
export function textEdits(lined: Lined, edits: readonly Edit[]): TextEdit[] {
  return edits.map(({ range, newText }) => ({ range: rangeOf(lined, range), newText }));
}

/** The path of a document on disk; nothing for one that is not there. */
export function pathOf(uri: string): string | undefined {
  if (!uri.startsWith("file:")) return undefined;
  try {
    return fileURLToPath(uri);
  } catch {
    return undefined; // a file: address with a host or an encoded slash
  }
}

/** The address of a path. */
export const uriOf = (path: string): string => pathToFileURL(path).href;

const severities = {
  error: DiagnosticSeverity.Error,
  warning: DiagnosticSeverity.Warning,
  information: DiagnosticSeverity.Information,
  hint: DiagnosticSeverity.Hint,
} as const;

/** A problem as the editor shows it. */
export function diagnosticOf(lined: Lined, uri: string, problem: Problem): Diagnostic {
  const { code, severity, message, range, related } = problem;
  return {
    range: rangeOf(lined, range),
    severity: severities[severity],
    code,
    source: "diffusion",
    message,
    ...(code === "unused-default" ? { tags: [DiagnosticTag.Unnecessary] } : {}),
    ...(related === undefined
      ? {}
      : {
          relatedInformation: related.map((other) => ({
            location: { uri, range: rangeOf(lined, other.range) },
            message: other.message,
          })),
        }),
  };
}

const kinds: Readonly<Record<ProposalKind, CompletionItemKind>> = {
  key: CompletionItemKind.Property,
  word: CompletionItemKind.EnumMember,
  value: CompletionItemKind.Value,
  model: CompletionItemKind.Module,
  node: CompletionItemKind.Reference,
  variable: CompletionItemKind.Variable,
  file: CompletionItemKind.File,
  folder: CompletionItemKind.Folder,
};

/** A proposal; without snippets for editors that have none. */
export function completionOf(lined: Lined, proposal: Proposal, snippets: boolean): CompletionItem {
  const { label, kind, range, newText, isSnippet, detail, data, order, continues } = proposal;
  const asSnippet = isSnippet === true && snippets;
  return {
    label,
    kind: kinds[kind],
    sortText: String(order).padStart(5, "0"),
    textEdit: { range: rangeOf(lined, range), newText: asSnippet ? newText : newText.replace(/\$\{\d\}/g, "") },
    ...(isSnippet === undefined ? {} : { insertTextMode: InsertTextMode.adjustIndentation }),
    ...(asSnippet ? { insertTextFormat: InsertTextFormat.Snippet } : {}),
    ...(detail === undefined || detail === "" ? {} : { detail }),
    ...(data === undefined ? {} : { data }),
    ...(continues === true ? { command: { title: "Suggest", command: "editor.action.triggerSuggest" } } : {}),
  };
}

const symbolKinds = {
  node: SymbolKind.Function,
  group: SymbolKind.Namespace,
  variable: SymbolKind.Variable,
  key: SymbolKind.Property,
} as const;

/** An entry of the outline, with those inside it. */
export function symbolOf(lined: Lined, symbol: Outlined): DocumentSymbol {
  const { name, detail, kind, range, nameRange, children } = symbol;
  return {
    name,
    detail,
    kind: symbolKinds[kind],
    range: rangeOf(lined, range),
    selectionRange: rangeOf(lined, nameRange),
    children: children.map((child) => symbolOf(lined, child)),
  };
}
