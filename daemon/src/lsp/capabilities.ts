// What the server tells an editor that it can do.
import { CodeActionKind, type InitializeResult, TextDocumentSyncKind } from "vscode-languageserver/node";
import { version } from "../base/install.ts";
import { tokenModifiers, tokenTypes } from "../language/services/provide-semantic-tokens.ts";
import { triggerCharacters } from "./completion.ts";
import { orderKind } from "./editing.ts";

/** The answer to `initialize`. */
export function initializeResult(): InitializeResult {
  return {
    serverInfo: { name: "diffusion", version },
    capabilities: {
      textDocumentSync: { openClose: true, change: TextDocumentSyncKind.Incremental },
      diagnosticProvider: { identifier: "diffusion", interFileDependencies: false, workspaceDiagnostics: false },
      completionProvider: { resolveProvider: true, triggerCharacters },
      hoverProvider: true,
      signatureHelpProvider: { triggerCharacters: ["(", "[", "{", "<"], retriggerCharacters: [":", "|", "$"] },
      definitionProvider: true,
      referencesProvider: true,
      documentHighlightProvider: true,
      renameProvider: { prepareProvider: true },
      documentSymbolProvider: { label: "Diffusion" },
      workspaceSymbolProvider: { workDoneProgress: true },
      foldingRangeProvider: true,
      selectionRangeProvider: true,
      semanticTokensProvider: {
        legend: { tokenTypes: [...tokenTypes], tokenModifiers: [...tokenModifiers] },
        full: { delta: true },
        range: true,
      },
      inlayHintProvider: true,
      codeLensProvider: {},
      codeActionProvider: { codeActionKinds: [CodeActionKind.QuickFix, orderKind] },
      documentFormattingProvider: true,
      documentRangeFormattingProvider: true,
      documentOnTypeFormattingProvider: { firstTriggerCharacter: "\n" },
      documentLinkProvider: {},
      workspace: { workspaceFolders: { supported: true, changeNotifications: true } },
    },
  };
}
