// A plain client of the language server for tests and measurements: the protocol over standard input and output.
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath, pathToFileURL } from "node:url";
import {
  type ClientCapabilities,
  createProtocolConnection,
  type Diagnostic,
  type DocumentDiagnosticReport,
  type InitializeResult,
  type Position,
  type ProtocolConnection,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver-protocol/node";

const main = fileURLToPath(new URL("../../../daemon/src/cli/main.ts", import.meta.url));

/** What an editor like VS Code says that it can do. */
export const modernEditor: ClientCapabilities = {
  textDocument: {
    diagnostic: { dynamicRegistration: true },
    completion: { completionItem: { snippetSupport: true } },
    definition: { linkSupport: true },
    codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix"] } } },
  },
  workspace: {
    workspaceFolders: true,
    diagnostics: { refreshSupport: true },
    inlayHint: { refreshSupport: true },
    codeLens: { refreshSupport: true },
  },
  window: { workDoneProgress: true },
};

/** A server and the way to talk to it. */
export class Client {
  readonly process: ChildProcess;
  readonly connection: ProtocolConnection;
  readonly folder: string;
  #version = 0;

  /** @param folder the one that the editor has open */
  constructor(folder: string, command: readonly string[] = [process.execPath, main, "lsp", "--stdio"]) {
    this.folder = folder;
    const [program, ...args] = command;
    this.process = spawn(program!, args, { stdio: ["pipe", "pipe", "inherit"] });
    const { stdin, stdout } = this.process;
    this.connection = createProtocolConnection(new StreamMessageReader(stdout!), new StreamMessageWriter(stdin!));
    for (const refresh of ["diagnostic", "inlayHint", "codeLens"])
      this.connection.onRequest(`workspace/${refresh}/refresh`, () => null);
    this.connection.onRequest("client/registerCapability", () => null);
    this.connection.listen();
  }

  /** Shakes hands. */
  async start(capabilities: ClientCapabilities = modernEditor): Promise<InitializeResult> {
    const uri = pathToFileURL(this.folder).href;
    const result = await this.connection.sendRequest<InitializeResult>("initialize", {
      processId: process.pid,
      rootUri: uri,
      workspaceFolders: [{ uri, name: "test" }],
      capabilities,
    });
    await this.connection.sendNotification("initialized", {});
    return result;
  }

  /** Opens a text under a name in the folder; its address. */
  async open(name: string, text: string, languageId = "diffusion"): Promise<string> {
    const uri = pathToFileURL(`${this.folder}/${name}`).href;
    const textDocument = { uri, languageId, version: ++this.#version, text };
    await this.connection.sendNotification("textDocument/didOpen", { textDocument });
    return uri;
  }

  /** Replaces a part of a text. */
  async change(uri: string, start: Position, end: Position, text: string): Promise<void> {
    const textDocument = { uri, version: ++this.#version };
    const contentChanges = [{ range: { start, end }, text }];
    await this.connection.sendNotification("textDocument/didChange", { textDocument, contentChanges });
  }

  /** Asks about a document. */
  async ask<T>(method: string, uri: string, params: object = {}): Promise<T> {
    return this.connection.sendRequest<T>(`textDocument/${method}`, { textDocument: { uri }, ...params });
  }

  /** The problems of a document. */
  async problems(uri: string, previousResultId?: string): Promise<DocumentDiagnosticReport> {
    return this.ask("diagnostic", uri, previousResultId === undefined ? {} : { previousResultId });
  }

  /** The problems of a document, all of them. */
  async items(uri: string): Promise<Diagnostic[]> {
    const report = await this.problems(uri);
    return report.kind === "full" ? report.items : [];
  }

  /** Says goodbye; the status that the server ends with. */
  async stop(): Promise<number | null> {
    const ended = once(this.process, "exit");
    await this.connection.sendRequest("shutdown");
    await this.connection.sendNotification("exit");
    const [status] = (await ended) as [number | null];
    this.connection.dispose();
    return status;
  }
}
