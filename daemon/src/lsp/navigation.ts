// Getting around: definition, references, highlights, symbols, links.
import { stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import {
  DocumentHighlightKind,
  type DocumentLink,
  type LocationLink,
  SymbolKind,
  type WorkspaceSymbol,
} from "vscode-languageserver/node";
import { parse, type ParseResult } from "../language/parse.ts";
import { provideDefinition, provideReferences } from "../language/services/provide-definition.ts";
import { provideLinks } from "../language/services/provide-links.ts";
import { provideSymbols } from "../language/services/provide-symbols.ts";
import { offsetOf, pathOf, rangeOf, symbolOf, uriOf } from "./convert.ts";
import type { OpenDocument } from "./open-documents.ts";
import { type Session, withDocument } from "./session.ts";
import { documentsBelow, readDocumentFile } from "./workspace-files.ts";

/** Answers everything that leads from one place to another. */
export function registerNavigation(session: Session): void {
  const { connection } = session;
  connection.onDefinition((params, token) =>
    withDocument(session, params, token, null, ({ uri, result }) => {
      const found = provideDefinition(result, offsetOf(result, params.position));
      if (!found) return null;
      const range = rangeOf(result, found.range);
      if (!session.client.textDocument?.definition?.linkSupport) return { uri, range };
      const origin = rangeOf(result, found.origin);
      return [
        {
          targetUri: uri,
          targetRange: range,
          targetSelectionRange: range,
          originSelectionRange: origin,
        } satisfies LocationLink,
      ];
    }),
  );
  connection.onReferences((params, token) =>
    withDocument(session, params, token, [], ({ uri, result }) =>
      provideReferences(result, offsetOf(result, params.position))
        .filter(({ role }) => role === "use" || params.context.includeDeclaration)
        .map(({ range }) => ({ uri, range: rangeOf(result, range) })),
    ),
  );
  connection.onDocumentHighlight((params, token) =>
    withDocument(session, params, token, [], ({ result }) =>
      provideReferences(result, offsetOf(result, params.position)).map(({ range, role }) => ({
        range: rangeOf(result, range),
        kind: role === "definition" ? DocumentHighlightKind.Write : DocumentHighlightKind.Read,
      })),
    ),
  );
  connection.onDocumentSymbol((params, token) =>
    withDocument(session, params, token, [], ({ result }) =>
      provideSymbols(result).map((symbol) => symbolOf(result, symbol)),
    ),
  );
  connection.onDocumentLinks((params, token) => withDocument(session, params, token, [], linksOf));
  registerWorkspaceSymbols(session);
}

/** Links to pages, and to files that are there. */
async function linksOf({ uri, result }: OpenDocument): Promise<DocumentLink[]> {
  const file = pathOf(uri);
  const links = provideLinks(result).map(async (link): Promise<DocumentLink[]> => {
    const range = rangeOf(result, link.range);
    if ("url" in link) return [{ range, target: link.url }];
    if (file === undefined) return [];
    const target = resolve(dirname(file), link.path);
    const found = await stat(target).catch(() => undefined);
    return found?.isFile() ? [{ range, target: uriOf(target), tooltip: target }] : [];
  });
  return (await Promise.all(links)).flat();
}

/** Symbols that are given at once. */
const mostSymbols = 500;

function registerWorkspaceSymbols(session: Session): void {
  session.connection.onWorkspaceSymbol(async ({ query }, token, progress) => {
    progress.begin("Looking for nodes", undefined, undefined, true);
    const found: WorkspaceSymbol[] = [];
    for await (const path of documentsBelow(session.folders)) {
      if (token.isCancellationRequested || found.length >= mostSymbols) break;
      progress.report(path);
      const uri = uriOf(path);
      const open = session.documents.get(uri)?.result;
      const text = open ? undefined : await readDocumentFile(path);
      const result = open ?? (text === undefined ? undefined : parse(text));
      if (result) found.push(...symbolsOf(result, uri).filter(({ name }) => isLike(name, query)));
    }
    progress.done();
    return found.slice(0, mostSymbols);
  });
}

function symbolsOf(result: ParseResult, uri: string): WorkspaceSymbol[] {
  const outline = provideSymbols(result);
  const nodes = outline.flatMap((symbol) => (symbol.kind === "node" ? [symbol] : symbol.children));
  return nodes
    .filter(({ kind }) => kind === "node")
    .map(({ name, nameRange }) => {
      return { name, kind: SymbolKind.Function, location: { uri, range: rangeOf(result, nameRange) } };
    });
}

/** The letters of the query in their order, as editors filter. */
function isLike(name: string, query: string): boolean {
  let at = 0;
  const lower = name.toLowerCase();
  for (const letter of query.toLowerCase()) {
    at = lower.indexOf(letter, at) + 1;
    if (at === 0) return false;
  }
  return true;
}
