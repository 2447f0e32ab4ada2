// Completion, hover and signature help.
import { type CompletionItem, MarkupKind, type MarkupContent } from "vscode-languageserver/node";
import { provideCompletion, type ProposalData, resolveProposal } from "../language/services/provide-completion.ts";
import { provideHover } from "../language/services/provide-hover.ts";
import { provideSignature } from "../language/services/provide-signature.ts";
import { completionOf, offsetOf, rangeOf, uriOf } from "./convert.ts";
import { factsOf, type Session, stillAsked, withDocument } from "./session.ts";

/** Characters behind which proposals are shown unasked. */
export const triggerCharacters = [":", " ", "$", "{", "/", ".", "-", "[", ",", '"', "'"];

/** Answers completion, hover and signature help. */
export function registerCompletion(session: Session): void {
  const { connection, documents } = session;
  connection.onCompletion(async ({ textDocument: { uri }, position }, token) => {
    await stillAsked(session, uri, token);
    const latest = documents.latest(uri);
    if (!latest) return [];
    const { lined, result } = latest;
    const snippets = session.client.textDocument?.completion?.completionItem?.snippetSupport === true;
    const found = provideCompletion(result, lined.text, offsetOf(lined, position), factsOf(session, uri));
    return found.map((proposal) => completionOf(lined, proposal, snippets));
  });
  connection.onCompletionResolve((item): CompletionItem => {
    const value = isProposalData(item.data) ? resolveProposal(item.data) : undefined;
    return value === undefined ? item : { ...item, documentation: { kind: MarkupKind.Markdown, value } };
  });
  connection.onHover((params, token) =>
    withDocument(session, params, token, null, ({ uri, result }) => {
      const hover = provideHover(result, offsetOf(result, params.position), factsOf(session, uri));
      if (!hover) return null;
      return { contents: contentsOf(hover.markdown, hover.picture), range: rangeOf(result, hover.range) };
    }),
  );
  connection.onSignatureHelp((params, token) =>
    withDocument(session, params, token, null, ({ result }) => {
      const found = provideSignature(result, offsetOf(result, params.position));
      if (!found) return null;
      const { active, ...signature } = found;
      return {
        signatures: [{ ...signature, parameters: [...found.parameters] }],
        activeSignature: 0,
        activeParameter: active,
      };
    }),
  );
}

function contentsOf(markdown: string, picture: string | undefined): MarkupContent {
  const shown = picture === undefined ? "" : `\n\n![the last result](${uriOf(picture)}|width=240)`;
  return { kind: MarkupKind.Markdown, value: `${markdown}${shown}` };
}

/** What comes back from the editor is looked at before it is used. */
function isProposalData(data: unknown): data is ProposalData {
  if (typeof data !== "object" || data === null || !("path" in data)) return false;
  const { path } = data;
  return Array.isArray(path) && path.every((part) => typeof part === "string");
}
