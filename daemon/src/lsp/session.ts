// What the features of one connection share: its documents, its facts, what the editor can do.
import type { ClientCapabilities, Connection } from "vscode-languageserver/node";
import type { Facts } from "../language/services/facts.ts";
import { pathOf } from "./convert.ts";
import type { DiskFacts } from "./disk-facts.ts";
import type { OpenDocument, OpenDocuments } from "./open-documents.ts";

/** One editor that is connected. */
export interface Session {
  readonly connection: Connection;
  readonly documents: OpenDocuments;
  readonly disk: DiskFacts;
  /** What the editor said it can do; empty until it has. */
  client: ClientCapabilities;
  /** Paths of the folders that are open. */
  folders: readonly string[];
}

/** The facts about a document; none for one that is not on disk. */
export function factsOf({ disk }: Session, uri: string): Facts {
  const file = pathOf(uri);
  return file === undefined ? {} : disk.of(file);
}

/** Answers with what a document gives; `otherwise` when it is not open. */
export function withDocument<T, U>(
  session: Session,
  { textDocument: { uri } }: { textDocument: { uri: string } },
  otherwise: U,
  answer: (document: OpenDocument) => T,
): T | U {
  const document = session.documents.get(uri);
  return document ? answer(document) : otherwise;
}
