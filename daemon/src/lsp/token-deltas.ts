// Semantic tokens in the protocol's numbers, and what changed in them since the editor last asked.
import type { SemanticTokens, SemanticTokensDelta } from "vscode-languageserver/node";
import { type SemanticToken, tokenTypes } from "../language/services/provide-semantic-tokens.ts";
import { type LineStarts, positionAt } from "../language/source.ts";

/** Five numbers a token: lines and characters from the one before, length, type, modifiers. */
export function encodeTokens(tokens: readonly SemanticToken[], lines: LineStarts): number[] {
  const data: number[] = [];
  let last = { line: 0, character: 0 };
  for (const { range, type, isDeclaration } of tokens) {
    const { line, character } = positionAt(lines, range.start);
    const column = line === last.line ? character - last.character : character;
    data.push(line - last.line, column, range.end - range.start, tokenTypes.indexOf(type), isDeclaration ? 1 : 0);
    last = { line, character };
  }
  return data;
}

/** What each document's tokens were when they were last sent. */
export class TokenDeltas {
  readonly #sent = new Map<string, { id: string; data: readonly number[] }>();
  #count = 0;

  /** All tokens, under a new id. */
  full(uri: string, data: number[]): SemanticTokens {
    const id = String(++this.#count);
    this.#sent.set(uri, { id, data });
    return { resultId: id, data };
  }

  /** The change since `previousId`; all tokens when that is not what was sent last. */
  since(uri: string, previousId: string, data: number[]): SemanticTokens | SemanticTokensDelta {
    const previous = this.#sent.get(uri);
    const full = this.full(uri, data);
    if (previous?.id !== previousId) return full;
    return { resultId: full.resultId!, edits: difference(previous.data, data) };
  }

  /** Forgets a document that is closed. */
  forget(uri: string): void {
    this.#sent.delete(uri);
  }
}

/** One replacement of what is not the same at both ends. */
function difference(before: readonly number[], after: readonly number[]) {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (start < shorter && before[start] === after[start]) start++;
  if (start === before.length && start === after.length) return [];
  let tail = 0;
  while (tail < shorter - start && before.at(-1 - tail) === after.at(-1 - tail)) tail++;
  return [{ start, deleteCount: before.length - start - tail, data: after.slice(start, after.length - tail) }];
}
