// What the features of one connection share: its documents, its facts, what the editor can do.
import {
  type CancellationToken,
  type ClientCapabilities,
  type Connection,
  LSPErrorCodes,
  ResponseError,
} from "vscode-languageserver/node";
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

/** Answers with what a document gives; `otherwise` when it is not open. @throws ResponseError as `stillAsked` does */
export async function withDocument<T, U>(
  session: Session,
  { textDocument: { uri } }: { textDocument: { uri: string } },
  token: CancellationToken,
  otherwise: U,
  answer: (document: OpenDocument) => T,
): Promise<Awaited<T> | U> {
  await stillAsked(session, uri, token);
  const document = session.documents.get(uri);
  return document ? await answer(document) : otherwise;
}

/**
 * Lets what the editor has sent meanwhile be read: it may have taken the question back, or changed the text that the question's
 * positions count in. Messages are read and handled in turns of their own, so it takes two.
 * @throws ResponseError `RequestCancelled`, `ContentModified`
 */
export async function stillAsked({ documents }: Session, uri: string, token: CancellationToken): Promise<void> {
  const version = documents.version(uri);
  await turn();
  await turn();
  if (token.isCancellationRequested) throw new ResponseError(LSPErrorCodes.RequestCancelled, "taken back");
  if (documents.version(uri) !== version)
    throw new ResponseError(LSPErrorCodes.ContentModified, "the text has changed");
}

const turn = () => new Promise((resolve) => setImmediate(resolve));
