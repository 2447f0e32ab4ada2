// How a document is shown: folding, selection, semantic tokens, inlay hints, code lenses.
import {
  type CodeLens,
  FoldingRangeKind,
  type InlayHint,
  InlayHintKind,
  type Range,
  type SelectionRange,
} from "vscode-languageserver/node";
import { provideCodeLenses } from "../language/services/provide-code-lenses.ts";
import { provideFolding } from "../language/services/provide-folding.ts";
import { provideInlayHints } from "../language/services/provide-inlay-hints.ts";
import { provideSelection } from "../language/services/provide-selection.ts";
import { provideSemanticTokens } from "../language/services/provide-semantic-tokens.ts";
import { positionAt } from "../language/source.ts";
import { offsetOf, offsetsOf, rangeOf } from "./convert.ts";
import type { OpenDocument } from "./open-documents.ts";
import { factsOf, type Session, withDocument } from "./session.ts";
import { encodeTokens, type TokenDeltas } from "./token-deltas.ts";

/** Answers what the editor draws. */
export function registerPresentation(session: Session, tokens: TokenDeltas): void {
  const { connection } = session;
  connection.onFoldingRanges((params, token) =>
    withDocument(session, params, token, [], ({ result }) =>
      provideFolding(result).map(({ startLine, endLine, kind }) => {
        return { startLine, endLine, ...(kind === undefined ? {} : { kind: FoldingRangeKind.Comment }) };
      }),
    ),
  );
  connection.onSelectionRanges((params, token) =>
    withDocument(session, params, token, [], (document) =>
      params.positions.map((position) => selectionOf(document, offsetOf(document.result, position))),
    ),
  );
  connection.languages.inlayHint.on((params, token) =>
    withDocument(session, params, token, [], (document) => hintsOf(session, document, params.range)),
  );
  connection.onCodeLens((params, token) =>
    withDocument(session, params, token, [], (document) => lensesOf(session, document)),
  );
  registerTokens(session, tokens);
}

function selectionOf({ result }: OpenDocument, offset: number): SelectionRange {
  const ranges = provideSelection(result, offset);
  const outermost: SelectionRange = { range: rangeOf(result, ranges.at(-1)!) };
  return ranges
    .slice(0, -1)
    .reduceRight((parent: SelectionRange, range) => ({ range: rangeOf(result, range), parent }), outermost);
}

function hintsOf(session: Session, { uri, result }: OpenDocument, within: Range): InlayHint[] {
  const hints = provideInlayHints(result, offsetsOf(result, within), factsOf(session, uri));
  return hints.map(({ offset, label, tooltip }) => {
    const position = positionAt(result.lines, offset);
    return { position, label, tooltip, kind: InlayHintKind.Parameter, paddingLeft: true };
  });
}

function lensesOf(session: Session, { uri, result }: OpenDocument): CodeLens[] {
  return provideCodeLenses(result, factsOf(session, uri)).map(({ range, title, command, node }) => ({
    range: rangeOf(result, range),
    command: { title, command, arguments: [{ uri, node }] },
  }));
}

function registerTokens(session: Session, tokens: TokenDeltas): void {
  const { semanticTokens } = session.connection.languages;
  const all = ({ result }: OpenDocument) => encodeTokens(provideSemanticTokens(result), result.lines);
  semanticTokens.on((params, token) =>
    withDocument(session, params, token, { data: [] }, (document) => tokens.full(document.uri, all(document))),
  );
  semanticTokens.onDelta((params, token) =>
    withDocument(session, params, token, { data: [] }, (document) =>
      tokens.since(document.uri, params.previousResultId, all(document)),
    ),
  );
  semanticTokens.onRange((params, token) =>
    withDocument(session, params, token, { data: [] }, ({ result }) => {
      const within = offsetsOf(result, params.range);
      return { data: encodeTokens(provideSemanticTokens(result, within), result.lines) };
    }),
  );
}
