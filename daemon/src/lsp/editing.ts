// Changing a document: rename, formatting, quick fixes.
import {
  type CodeAction,
  type CodeActionParams,
  CodeActionKind,
  type Diagnostic,
  ErrorCodes,
  ResponseError,
} from "vscode-languageserver/node";
import { provideCodeActions } from "../language/services/provide-code-actions.ts";
import { provideFormatting, provideKeyOrder, provideLineFormatting } from "../language/services/provide-formatting.ts";
import { prepareRename, provideRename } from "../language/services/provide-rename.ts";
import { offsetOf, offsetsOf, rangeOf, textEdits } from "./convert.ts";
import type { Problems } from "./diagnostics.ts";
import type { OpenDocument } from "./open-documents.ts";
import { type Session, withDocument } from "./session.ts";

/** Answers what changes a text. */
export function registerEditing(session: Session, problems: Problems): void {
  const { connection } = session;
  connection.onPrepareRename((params, token) =>
    withDocument(session, params, token, null, ({ result }) => {
      const found = prepareRename(result, offsetOf(result, params.position));
      return found ? { range: rangeOf(result, found.range), placeholder: found.name } : null;
    }),
  );
  connection.onRenameRequest((params, token) =>
    withDocument(session, params, token, null, ({ uri, result }) => {
      const edits = provideRename(result, offsetOf(result, params.position), params.newName);
      if ("refused" in edits) return new ResponseError(ErrorCodes.InvalidParams, edits.refused);
      return { changes: { [uri]: textEdits(result, edits) } };
    }),
  );
  connection.onDocumentFormatting((params, token) =>
    withDocument(session, params, token, [], ({ result }) => textEdits(result, provideFormatting(result))),
  );
  connection.onDocumentRangeFormatting((params, token) =>
    withDocument(session, params, token, [], ({ result }) =>
      textEdits(result, provideFormatting(result, offsetsOf(result, params.range))),
    ),
  );
  connection.onDocumentOnTypeFormatting((params, token) =>
    withDocument(session, params, token, [], ({ result }) =>
      textEdits(result, provideLineFormatting(result, offsetOf(result, params.position))),
    ),
  );
  connection.onCodeAction((params, token) =>
    withDocument(session, params, token, [], (document) => {
      const { only } = params.context;
      const wants = (kind: CodeActionKind) =>
        !only || only.some((each) => kind === each || kind.startsWith(`${each}.`));
      return [
        ...(wants(CodeActionKind.QuickFix) ? quickFixes(document, problems, params) : []),
        ...(only && wants(orderKind) ? keyOrder(document) : []),
      ];
    }),
  );
}

/** The kind of the action that puts keys in order: `editor.codeActionsOnSave` names it. */
export const orderKind = "source.orderKeys";

function keyOrder({ uri, result }: OpenDocument): CodeAction[] {
  const edits = provideKeyOrder(result);
  if (edits.length === 0) return [];
  return [{ title: "Put keys in order", kind: orderKind, edit: { changes: { [uri]: textEdits(result, edits) } } }];
}
function quickFixes(
  document: OpenDocument,
  problems: Problems,
  { range: within, context }: CodeActionParams,
): CodeAction[] {
  const { uri, result } = document;
  const found = provideCodeActions(result, offsetsOf(result, within), problems.of(document).problems);
  return found.map(({ title, edits, problem, isPreferred }) => {
    const range = rangeOf(result, problem.range);
    return {
      title,
      kind: CodeActionKind.QuickFix,
      edit: { changes: { [uri]: textEdits(result, edits) } },
      diagnostics: context.diagnostics.filter((shown) => shown.code === problem.code && isSame(shown.range, range)),
      isPreferred,
    };
  });
}

function isSame(a: Diagnostic["range"], b: Diagnostic["range"]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
