// Text to tree: YAML 1.2 core with limits, never throwing. The yaml package reads; everything after works on our tree.
import { Composer, type CST, type Document, Lexer, type Node, Parser, visit, type YAMLError } from "yaml";
import type { ValueAst } from "./ast.ts";
import type { Report } from "./diagnostics.ts";
import { lineStarts, positionAt, type Range } from "./source.ts";
import { TreeReader } from "./yaml-tree.ts";
import { syntaxMessage } from "./yaml-messages.ts";

/** What a file may not exceed (with `aliasLimits`). */
export const limits = {
  /** Characters of the file. */
  characters: 2 * 1024 * 1024,
  /** Lists and maps inside each other. */
  depth: 64,
} as const;

/** Syntax errors listed for one file; one slip often makes many. */
const largestSyntaxReport = 20;

const options = {
  version: "1.2",
  schema: "core",
  merge: false,
  resolveKnownTags: false,
  uniqueKeys: false,
  intAsBigInt: true,
  prettyErrors: false,
  logLevel: "silent",
} as const;

/** Reads a text. The tree is there as far as the text can be read; problems are reported. Never throws. */
export function readYaml(text: string, report: Report): ValueAst | undefined {
  if (text.length > limits.characters) {
    const message = `the file is larger than ${limits.characters / 1024 / 1024} MB`;
    report({ code: "too-large", message, range: { start: 0, end: 0 } });
    return undefined;
  }
  const tokens = parseTokens(text, report);
  const contents = tokens && compose(tokens, text, report)?.contents;
  return contents ? new TreeReader(report).read(contents) : undefined;
}

/** Runs the parser lexeme by lexeme, so that bottomless nesting is noticed before anything recurses into it. */
function parseTokens(text: string, report: Report): CST.Token[] | undefined {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) tokens.push(token);
    if (parser.stack.length > limits.depth && depthOf(parser.stack) > limits.depth) {
      const message = `lists and maps are nested more than ${limits.depth} deep`;
      const end = Math.min(parser.offset, text.length);
      report({ code: "too-deep", message, range: { start: Math.max(0, end - lexeme.length), end } });
      return undefined;
    }
  }
  for (const token of parser.end()) tokens.push(token);
  return tokens;
}

function depthOf(stack: readonly CST.Token[]): number {
  return stack.filter(({ type }) => type === "block-map" || type === "block-seq" || type === "flow-collection").length;
}

/** Composes the first document; directives are refused, because they would change what the values mean. */
function compose(tokens: readonly CST.Token[], text: string, report: Report): Document.Parsed | undefined {
  const composer = new Composer(options);
  const documents: Document.Parsed[] = [];
  const traceLimit = Error.stackTraceLimit;
  Error.stackTraceLimit = 0; // the package makes an Error for each problem, and traces are most of its cost
  try {
    let errors = 0;
    for (const token of tokens) {
      if (token.type === "directive") refuseDirective(token, report);
      else for (const document of composer.next(token)) documents.push(document);
      if (token.type === "error" && ++errors > largestSyntaxReport) break;
    }
    for (const document of composer.end(true, text.length)) documents.push(document);
  } finally {
    Error.stackTraceLimit = traceLimit;
  }
  const [first, second] = documents;
  if (first) reportSyntax(first, text, report);
  if (second) refuseSecondDocument(second, text, report);
  return first;
}

function refuseDirective(token: CST.Directive, report: Report): void {
  const range = { start: token.offset, end: token.offset + token.source.trimEnd().length };
  report({ code: "yaml-feature", message: "YAML directives are not used here: the format is YAML 1.2", range });
}

function refuseSecondDocument(document: Document.Parsed, text: string, report: Report): void {
  const contents = document.contents as Node | null;
  const marker = text.lastIndexOf("---", contents?.range?.[0] ?? document.range[0]);
  const start = Math.max(0, marker);
  const message = "one document a file; put several nodes under `workflow`";
  report({ code: "yaml-feature", message, range: { start, end: Math.min(start + 3, text.length) } });
}

/** Reports the first problem of each line: the others follow from it. */
function reportSyntax(document: Document.Parsed, text: string, report: Report): void {
  const problems = [...document.errors, ...document.warnings];
  const lines = problems.length > 0 ? lineStarts(text) : [];
  const linesSeen = new Set<number>();
  for (const error of problems) {
    const { line } = positionAt(lines, error.pos[0]);
    if (linesSeen.has(line)) continue;
    if (linesSeen.size === largestSyntaxReport) return;
    linesSeen.add(line);
    const range = openQuote(document, error) ?? clamp(error.pos, text.length);
    const code = error.code === "TAG_RESOLVE_FAILED" ? "yaml-feature" : "yaml-syntax";
    report({ code, ...syntaxMessage(error, text), range });
  }
}

function clamp([from, to]: readonly [number, number], length: number): Range {
  const start = Math.min(Math.max(from, 0), length);
  return { start, end: Math.min(Math.max(to, start), length) };
}

/** The quote that is never closed. The package points at the end of the text, where nobody looks for it. */
function openQuote(document: Document.Parsed, error: YAMLError): Range | undefined {
  if (error.code !== "MISSING_CHAR" || !error.message.includes("quote")) return undefined;
  let start: number | undefined;
  visit(document, {
    Scalar: (_key, node) => {
      if (node.type?.startsWith("QUOTE") && node.range?.[1] === error.pos[1]) start = node.range[0];
    },
  });
  return start === undefined ? undefined : { start, end: start + 1 };
}
