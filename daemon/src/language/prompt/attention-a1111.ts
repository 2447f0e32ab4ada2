// Weights as A1111 reads them (AUTOMATIC1111 stable-diffusion-webui modules/prompt_parser.py, parse_prompt_attention).
import type { WeightedPiece } from "./attention.ts";
import { emphasis } from "./groups.ts";
import { closingWeightAt, keywordAt } from "./scan.ts";

/** A bracket: what it multiplies by, when it closed, and the one of its kind around it. */
interface Bracket {
  readonly around: Bracket | undefined;
  factor: number;
  closed: number;
}

interface Piece {
  readonly text: string;
  readonly round: Bracket | undefined;
  readonly square: Bracket | undefined;
}

interface Reader {
  readonly text: string;
  readonly brackets: Bracket[];
  readonly chunks: Piece[][];
  round: Bracket | undefined;
  square: Bracket | undefined;
  closings: number;
}

/**
 * The pieces of every chunk, neighbours of one weight joined. A bracket that is never closed holds to the end, as there;
 * one that closes nothing is text. Round and square brackets know nothing of each other. `BREAK` in brackets is a break, too:
 * A1111 weighs its own mark for it and then encodes the word.
 */
export function a1111Chunks(text: string): WeightedPiece[][] {
  const reader: Reader = { text, brackets: [], chunks: [[]], round: undefined, square: undefined, closings: 0 };
  for (let at = 0; at < text.length;) at = step(reader, at);
  for (; reader.round; reader.round = reader.round.around) close(reader, reader.round, emphasis);
  for (; reader.square; reader.square = reader.square.around) close(reader, reader.square, 1 / emphasis);
  const weights = weigher(reader.brackets);
  return reader.chunks.map((pieces) => joined(pieces.map((piece) => ({ text: piece.text, weight: weights(piece) }))));
}

function step(reader: Reader, at: number): number {
  const { text, round, square } = reader;
  const character = text[at]!;
  if (character === "\\") return escape(reader, at);
  if (character === "(") reader.round = opened(reader, round);
  else if (character === "[") reader.square = opened(reader, square);
  else if (character === ")" && round) reader.round = close(reader, round, emphasis);
  else if (character === "]" && square) reader.square = close(reader, square, 1 / emphasis);
  else return (round && weighted(reader, round, at)) ?? words(reader, at);
  return at + 1;
}

function weighted(reader: Reader, round: Bracket, at: number): number | undefined {
  const weight = reader.text[at] === ":" ? closingWeightAt(reader.text, at) : undefined;
  if (weight) reader.round = close(reader, round, weight.value);
  return weight?.after;
}

/** A backslash before anything but a bracket or a backslash is dropped. */
function escape(reader: Reader, at: number): number {
  const next = reader.text[at + 1];
  const known = next !== undefined && "()[]\\".includes(next);
  if (known) add(reader, next);
  return known ? at + 2 : at + 1;
}

function opened({ brackets }: Reader, around: Bracket | undefined): Bracket {
  const bracket = { around, factor: 1, closed: 0 };
  brackets.push(bracket);
  return bracket;
}

function close(reader: Reader, bracket: Bracket, factor: number): Bracket | undefined {
  bracket.factor = factor;
  bracket.closed = reader.closings++;
  return bracket.around;
}

const special = /[\\()[\]:B]/g;

/** Text up to the next character that means something. Space around `BREAK` goes with it. */
function words(reader: Reader, at: number): number {
  const { text } = reader;
  for (let next = at; ;) {
    special.lastIndex = next + 1;
    next = keywordAt(text, next) === "BREAK" ? next : (special.exec(text)?.index ?? text.length);
    const isBreak = keywordAt(text, next) === "BREAK";
    if (text[next] === "B" && !isBreak) continue;
    if (!isBreak) {
      add(reader, text.slice(at, next));
      return next;
    }
    add(reader, text.slice(at, next).trimEnd());
    reader.chunks.push([]);
    return skipSpace(text, next + "BREAK".length);
  }
}

function skipSpace(text: string, at: number): number {
  while (at < text.length && /\s/.test(text[at]!)) at++;
  return at;
}

function add({ chunks, round, square }: Reader, text: string): void {
  if (text !== "") chunks.at(-1)!.push({ text, round, square });
}

/** Factors that are multiplied in A1111's order, the first closed first; only the last bits depend on it. */
const exactDepth = 32;

/** The weight of a piece: the product of the brackets around it. */
function weigher(brackets: readonly Bracket[]): (piece: Piece) => number {
  const products = new Map<Bracket | undefined, number>([[undefined, 1]]);
  for (const bracket of brackets) products.set(bracket, products.get(bracket.around)! * bracket.factor);
  return ({ round, square }) => {
    let weight = 1;
    for (let i = 0; i < exactDepth && (round || square); i++) {
      const isRound = round && (!square || round.closed < square.closed);
      weight *= (isRound ? round : square)!.factor;
      if (isRound) round = round!.around;
      else square = square!.around;
    }
    return weight * products.get(round)! * products.get(square)!;
  };
}

function joined(pieces: readonly WeightedPiece[]): WeightedPiece[] {
  const result: { texts: string[]; weight: number }[] = [];
  for (const { text, weight } of pieces) {
    if (result.at(-1)?.weight === weight) result.at(-1)!.texts.push(text);
    else result.push({ texts: [text], weight });
  }
  return result.map(({ texts, weight }) => ({ text: texts.join(""), weight }));
}
