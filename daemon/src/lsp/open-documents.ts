// The documents that the editor has open: their text as it changes, each state read once.
import { TextDocuments, type Connection } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { parse, type ParseResult } from "../language/parse.ts";
import { lineStarts } from "../language/source.ts";
import type { Lined } from "./convert.ts";

/** An open document, read. */
export interface OpenDocument {
  readonly uri: string;
  readonly version: number;
  readonly result: ParseResult;
}

/** The open documents of a connection. */
export class OpenDocuments {
  readonly #documents = new TextDocuments(TextDocument);
  readonly #read = new Map<string, OpenDocument>();

  /** Follows what the editor opens, changes and closes; calls back with the address of each. */
  constructor(connection: Connection, on: { changed: (uri: string) => void; closed: (uri: string) => void }) {
    this.#documents.onDidChangeContent(({ document }) => on.changed(document.uri));
    this.#documents.onDidClose(({ document }) => {
      this.#read.delete(document.uri);
      on.closed(document.uri);
    });
    this.#documents.listen(connection);
  }

  /** The addresses of all. */
  uris(): string[] {
    return this.#documents.keys();
  }

  /** Counts the states of a document; nothing when it is not open. */
  version(uri: string): number | undefined {
    return this.#documents.get(uri)?.version;
  }

  /** A document in its present state; nothing when it is not open. */
  get(uri: string): OpenDocument | undefined {
    const document = this.#documents.get(uri);
    if (!document) return undefined;
    let read = this.#read.get(uri);
    if (read?.version !== document.version) {
      this.#read.delete(uri); // so that the tree of the old state need not live beside the new one
      read = { uri, version: document.version, result: parse(document.getText()) };
      this.#read.set(uri, read);
    }
    return read;
  }

  /** The present text with the last reading, which may be that of an earlier state: for what must not wait while somebody types. */
  latest(uri: string): { lined: Lined; result: ParseResult } | undefined {
    const document = this.#documents.get(uri);
    const result = this.#read.get(uri)?.result ?? this.get(uri)?.result;
    if (!document || !result) return undefined;
    const text = document.getText();
    return { result, lined: text === result.text ? result : { text, lines: lineStarts(text) } };
  }
}
