// The language server: one connection to one editor, from `initialize` to `exit`.
import { type Connection, DidChangeWatchedFilesNotification, type InitializeParams } from "vscode-languageserver/node";
import { initializeResult } from "./capabilities.ts";
import { registerCompletion } from "./completion.ts";
import { pathOf } from "./convert.ts";
import { Problems } from "./diagnostics.ts";
import { DiskFacts } from "./disk-facts.ts";
import { registerEditing } from "./editing.ts";
import { registerNavigation } from "./navigation.ts";
import { OpenDocuments } from "./open-documents.ts";
import { registerPresentation } from "./presentation.ts";
import type { Session } from "./session.ts";
import { TokenDeltas } from "./token-deltas.ts";

/** Files whose change may change what is known about models and results. */
const watched = ["**/{model_index,diffusion,config,scheduler_config}.json", "**/tokenizer/*", "**/*.safetensors"];

/** Serves an editor. Returns at once; the connection lives until the editor ends it. */
export function serve(connection: Connection): void {
  const tokens = new TokenDeltas();
  const documents = new OpenDocuments(connection, {
    changed: (uri) => problems.pushSoon(uri),
    closed: (uri) => {
      problems.close(uri);
      tokens.forget(uri);
    },
  });
  const session: Session = { connection, documents, disk: new DiskFacts(), client: {}, folders: [] };
  const problems = new Problems(session);
  connection.onInitialize((params) => {
    session.client = params.capabilities;
    session.folders = foldersOf(params);
    return initializeResult();
  });
  connection.onInitialized(() => watch(session, problems));
  connection.languages.diagnostics.on((params, token) => problems.pull(params, token));
  registerCompletion(session);
  registerNavigation(session);
  registerPresentation(session, tokens);
  registerEditing(session, problems);
  connection.listen();
}

function foldersOf({ workspaceFolders }: InitializeParams): string[] {
  return (workspaceFolders ?? []).flatMap(({ uri }) => pathOf(uri) ?? []);
}

/** Follows the folders that are open, and the files in them that facts come from. */
function watch(session: Session, problems: Problems): void {
  const { connection, client } = session;
  if (client.workspace?.workspaceFolders) {
    connection.workspace.onDidChangeWorkspaceFolders(({ added, removed }) => {
      const gone = new Set(removed.map(({ uri }) => pathOf(uri)));
      const kept = session.folders.filter((folder) => !gone.has(folder));
      session.folders = [...kept, ...added.flatMap(({ uri }) => pathOf(uri) ?? [])];
    });
  }
  connection.onDidChangeWatchedFiles(() => {
    session.disk.forget();
    problems.refresh();
  });
  if (client.workspace?.didChangeWatchedFiles?.dynamicRegistration) {
    const watchers = watched.map((globPattern) => ({ globPattern }));
    void connection.client.register(DidChangeWatchedFilesNotification.type, { watchers });
  }
}
