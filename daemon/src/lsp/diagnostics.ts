// Diagnostics: pulled by editors that ask, pushed to those that do not.
import {
  type CancellationToken,
  type Diagnostic,
  type DocumentDiagnosticParams,
  type DocumentDiagnosticReport,
  DocumentDiagnosticReportKind,
  LSPErrorCodes,
  ResponseError,
} from "vscode-languageserver/node";
import { modelsOf, type Problem, provideDiagnostics } from "../language/services/provide-diagnostics.ts";
import { diagnosticOf, pathOf } from "./convert.ts";
import type { OpenDocument } from "./open-documents.ts";
import { factsOf, type Session, stillAsked } from "./session.ts";

/** Milliseconds without a change after which diagnostics are pushed. */
const pause = 30;

/** The problems of a document, computed once for each state of text and facts. */
export class Problems {
  readonly #session: Session;
  readonly #known = new Map<string, { id: string; problems: readonly Problem[] }>();
  readonly #timers = new Map<string, NodeJS.Timeout>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** The problems as they are known now, under an id that changes with them. */
  of(document: OpenDocument): { id: string; problems: readonly Problem[] } {
    const id = `${document.version}.${this.#session.disk.generation}`;
    let known = this.#known.get(document.uri);
    if (known?.id !== id) {
      known = { id, problems: provideDiagnostics(document.result, factsOf(this.#session, document.uri)) };
      this.#known.set(document.uri, known);
    }
    return known;
  }

  /** Answers an editor that asks. */
  async pull(params: DocumentDiagnosticParams, token: CancellationToken): Promise<DocumentDiagnosticReport> {
    const { uri } = params.textDocument;
    await stillAsked(this.#session, uri, token);
    const first = this.#session.documents.get(uri);
    if (!first) return { kind: DocumentDiagnosticReportKind.Full, items: [] };
    await this.#loadModels(first);
    const document = this.#session.documents.get(uri);
    if (token.isCancellationRequested || !document)
      throw new ResponseError(LSPErrorCodes.RequestCancelled, "cancelled");
    const { id, problems } = this.of(document);
    if (params.previousResultId === id) return { kind: DocumentDiagnosticReportKind.Unchanged, resultId: id };
    return { kind: DocumentDiagnosticReportKind.Full, resultId: id, items: this.#converted(document, problems) };
  }

  /** Sends the problems of a document soon, unless it changes before. */
  pushSoon(uri: string): void {
    if (this.#session.client.textDocument?.diagnostic) return;
    clearTimeout(this.#timers.get(uri));
    this.#timers.set(
      uri,
      setTimeout(() => void this.#push(uri), pause),
    );
  }

  async #push(uri: string): Promise<void> {
    this.#timers.delete(uri);
    const first = this.#session.documents.get(uri);
    if (first) await this.#loadModels(first);
    const document = this.#session.documents.get(uri);
    if (!document || this.#timers.has(uri)) return;
    const diagnostics = this.#converted(document, this.of(document).problems);
    await this.#session.connection.sendDiagnostics({ uri, version: document.version, diagnostics });
  }

  /** Forgets a closed document; an editor that is sent problems is told that there are none. */
  close(uri: string): void {
    clearTimeout(this.#timers.get(uri));
    this.#timers.delete(uri);
    this.#known.delete(uri);
    if (!this.#session.client.textDocument?.diagnostic)
      void this.#session.connection.sendDiagnostics({ uri, diagnostics: [] });
  }

  /** Facts have changed: everything that shows them is asked for again. */
  refresh(): void {
    const { connection, client, documents } = this.#session;
    const { workspace } = client;
    if (workspace?.diagnostics?.refreshSupport) void connection.languages.diagnostics.refresh();
    if (workspace?.inlayHint?.refreshSupport) void connection.languages.inlayHint.refresh();
    if (workspace?.codeLens?.refreshSupport) void connection.sendRequest("workspace/codeLens/refresh");
    for (const uri of documents.uris()) this.pushSoon(uri);
  }

  /** Reads models that are not known yet. Waits for them only where the editor cannot be told later. */
  async #loadModels({ uri, result }: OpenDocument): Promise<void> {
    const { client, disk, connection } = this.#session;
    const file = pathOf(uri);
    if (file === undefined) return;
    const canFollow = client.workspace?.diagnostics?.refreshSupport === true || !client.textDocument?.diagnostic;
    if (!canFollow) {
      await disk.load(modelsOf(result), file);
      return;
    }
    setImmediate(() => {
      disk
        .load(modelsOf(result), file)
        .then(({ fresh }) => {
          if (fresh) this.refresh();
        })
        .catch((error: unknown) => connection.console.error(String(error)));
    });
  }

  #converted({ uri, result }: OpenDocument, problems: readonly Problem[]): Diagnostic[] {
    return problems.filter(({ place }) => !place).map((problem) => diagnosticOf(result, uri, problem));
  }
}
