// Changing a document: rename and quick fixes.
import {
  type CodeAction,
  CodeActionKind,
  type Diagnostic,
  ErrorCodes,
  ResponseError,
} from "vscode-languageserver/node";
import { provideCodeActions } from "../language/services/provide-code-actions.ts";
import { prepareRename, provideRename } from "../language/services/provide-rename.ts";
import { offsetOf, offsetsOf, rangeOf, textEdits } from "./convert.ts";
import type { Problems } from "./diagnostics.ts";
import { type Session, withDocument } from "./session.ts";

/** Answers what changes a text. */
export function registerEditing(session: Session, problems: Problems): void {
  const { connection } = session;
  connection.onPrepareRename((params) =>
    withDocument(session, params, null, ({ result }) => {
      const found = prepareRename(result, offsetOf(result, params.position));
      return found ? { range: rangeOf(result, found.range), placeholder: found.name } : null;
    }),
  );
  connection.onRenameRequest((params) =>
    withDocument(session, params, null, ({ uri, result }) => {
      const edits = provideRename(result, offsetOf(result, params.position), params.newName);
      if ("refused" in edits) return new ResponseError(ErrorCodes.InvalidParams, edits.refused);
      return { changes: { [uri]: textEdits(result, edits) } };
    }),
  );
  connection.onCodeAction((params) =>
    withDocument(session, params, [], (document) => {
      const { uri, result } = document;
      const { diagnostics, only } = params.context;
      if (only && !only.some((kind) => CodeActionKind.QuickFix.startsWith(kind))) return [];
      const found = provideCodeActions(result, offsetsOf(result, params.range), problems.of(document).problems);
      return found.map(({ title, edits, problem, isPreferred }): CodeAction => {
        const range = rangeOf(result, problem.range);
        const mended = diagnostics.filter((shown) => shown.code === problem.code && isSame(shown.range, range));
        return {
          title,
          kind: CodeActionKind.QuickFix,
          edit: { changes: { [uri]: textEdits(result, edits) } },
          diagnostics: mended,
          isPreferred,
        };
      });
    }),
  );
}

function isSame(a: Diagnostic["range"], b: Diagnostic["range"]): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
