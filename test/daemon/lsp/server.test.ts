// The language server from outside: the protocol over standard input and output, every feature on real text.
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type {
  CodeAction,
  CodeLens,
  CompletionItem,
  DocumentDiagnosticReport,
  DocumentLink,
  DocumentSymbol,
  FoldingRange,
  Hover,
  InitializeResult,
  InlayHint,
  Location,
  LocationLink,
  Position,
  PublishDiagnosticsParams,
  SelectionRange,
  SemanticTokens,
  SemanticTokensDelta,
  SignatureHelp,
  TextEdit,
  WorkspaceEdit,
  WorkspaceSymbol,
} from "vscode-languageserver-protocol/node";
import { Client, modernEditor } from "./client.ts";

const folder = mkdtempSync(join(tmpdir(), "diffusion-lsp-"));
const client = new Client(folder);
let handshake: InitializeResult;

beforeAll(async () => {
  mkdirSync(join(folder, "out"));
  writeFileSync(join(folder, "a.png"), "");
  writeFileSync(join(folder, "out", "hover-draft-0.png"), "");
  writeFileSync(join(folder, "closed.diffusion"), "diffusion: 1\nworkflow:\n  lighthouse: {prompt: x}\n");
  handshake = await client.start();
});

afterAll(async () => {
  if (client.process.exitCode === null) await client.stop();
  rmSync(folder, { recursive: true, force: true });
});

let files = 0;
const open = (text: string, name = `file-${++files}.diffusion`) => client.open(name, `diffusion: 1\n${text}`);
const at = (line: number, character: number): { position: Position } => ({ position: { line, character } });
const everything = { range: { start: { line: 0, character: 0 }, end: { line: 1000, character: 0 } } };

/** A text with edits of the protocol made. */
function edited(text: string, edits: readonly TextEdit[]): string {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  const offset = ({ line, character }: Position) => starts[line]! + character;
  const sorted = edits.toSorted((a, b) => offset(b.range.start) - offset(a.range.start));
  return sorted.reduce(
    (t, { range, newText }) => t.slice(0, offset(range.start)) + newText + t.slice(offset(range.end)),
    text,
  );
}

test("it says what it can do", () => {
  expect(handshake.serverInfo?.name).toBe("diffusion");
  expect(Object.keys(handshake.capabilities).toSorted()).toMatchInlineSnapshot(`
    [
      "codeActionProvider",
      "codeLensProvider",
      "completionProvider",
      "definitionProvider",
      "diagnosticProvider",
      "documentFormattingProvider",
      "documentHighlightProvider",
      "documentLinkProvider",
      "documentOnTypeFormattingProvider",
      "documentRangeFormattingProvider",
      "documentSymbolProvider",
      "foldingRangeProvider",
      "hoverProvider",
      "inlayHintProvider",
      "referencesProvider",
      "renameProvider",
      "selectionRangeProvider",
      "semanticTokensProvider",
      "signatureHelpProvider",
      "textDocumentSync",
      "workspace",
      "workspaceSymbolProvider",
    ]
  `);
});

describe("diagnostics", () => {
  test("are those of the text as it is now, and unchanged while it is", async () => {
    const uri = await open("prompt: x\nsampler: euler\n");
    const first = await client.problems(uri);
    expect(first).toMatchObject({ kind: "full", items: [] });
    await client.change(uri, { line: 2, character: 14 }, { line: 2, character: 14 }, "rr");
    await client.change(uri, { line: 2, character: 15 }, { line: 2, character: 16 }, "");
    const second = await client.problems(uri, first.kind === "full" ? first.resultId : "");
    expect(second).toMatchObject({
      kind: "full",
      items: [
        {
          range: { start: { line: 2, character: 9 }, end: { line: 2, character: 15 } },
          severity: 1,
          code: "unknown-value",
          source: "diffusion",
          message: "unknown sampler `eulerr`; did you mean `euler`?",
        },
      ],
    });
    expect(await settled(uri)).toMatchObject({ kind: "unchanged" });
  });

  /** Asks until nothing changes: facts about a model follow its first mention. */
  async function settled(uri: string): Promise<DocumentDiagnosticReport> {
    let report = await client.problems(uri);
    while (report.kind === "full") report = await client.problems(uri, report.resultId);
    return report;
  }

  test("count in UTF-16 units, in lines of Windows", async () => {
    const uri = await client.open(
      "wide.diffusion",
      'diffusion: 1\r\nprompt: "😀"\r\noutput: {name: "😀", formt: png}\r\n',
    );
    const [problem] = await client.items(uri);
    expect(problem?.range).toEqual({ start: { line: 2, character: 21 }, end: { line: 2, character: 26 } });
  });

  test("ask to be asked again when a model has been read", async () => {
    const refreshed = new Promise((resolve) =>
      client.connection.onRequest("workspace/diagnostic/refresh", () => (resolve(undefined), null)),
    );
    const uri = await open("prompt: x\nmodel: ./not-there\n");
    expect(await client.items(uri)).toEqual([]);
    await refreshed;
    expect(await client.items(uri)).toMatchObject([
      { code: "model-not-found", range: { start: { line: 2, character: 7 }, end: { line: 2, character: 18 } } },
    ]);
  });

  test("follow files that change", async () => {
    const uri = await open("prompt: x\nmodel: ./made-later\n");
    const found = async (code: string) => {
      let items = await client.items(uri);
      while (items[0]?.code !== code) items = await client.items(uri);
    };
    await found("model-not-found");
    mkdirSync(join(folder, "made-later"));
    writeFileSync(join(folder, "made-later/model_index.json"), '{"_class_name": "FluxPipeline"}');
    await client.connection.sendNotification("workspace/didChangeWatchedFiles", { changes: [] });
    await found("model-unknown");
  });

  test("of a closed document are none", async () => {
    const uri = await open("sampler: nonsense\n");
    expect(await client.items(uri)).not.toEqual([]);
    await client.connection.sendNotification("textDocument/didClose", { textDocument: { uri } });
    expect(await client.items(uri)).toEqual([]);
  });
});

describe("writing", () => {
  test("completion proposes, edits and is described later", async () => {
    const uri = await open("prompt: x\nsa\n");
    const items = await client.ask<CompletionItem[]>("completion", uri, at(2, 2));
    const item = items.find(({ label }) => label === "sampler")!;
    expect(item).toMatchObject({
      textEdit: { range: { start: { line: 2, character: 0 }, end: { line: 2, character: 2 } }, newText: "sampler: " },
      command: { command: "editor.action.triggerSuggest" },
    });
    expect(item.documentation).toBeUndefined();
    const resolved = await client.connection.sendRequest<CompletionItem>("completionItem/resolve", item);
    expect(resolved.documentation).toMatchObject({
      kind: "markdown",
      value: expect.stringContaining("The solver") as string,
    });
    const strange = { label: "x", data: { path: 7 } };
    expect(await client.connection.sendRequest("completionItem/resolve", strange)).toEqual(strange);
  });

  test("completion sees the last keystroke", async () => {
    const uri = await open("prompt: x\n\n");
    await client.change(uri, { line: 2, character: 0 }, { line: 2, character: 0 }, "sampler: dd");
    const items = await client.ask<CompletionItem[]>("completion", uri, at(2, 11));
    expect(items.find(({ label }) => label === "ddim")?.textEdit).toMatchObject({ newText: "ddim" });
  });

  test("signature help", async () => {
    const uri = await open("prompt: a [cat:dog\n");
    const help = await client.ask<SignatureHelp>("signatureHelp", uri, at(1, 18));
    expect(help.signatures[0]?.label).toBe("[from:to:when]");
    expect(help.activeParameter).toBe(1);
  });

  test("quick fixes", async () => {
    const uri = await open("prompt: x\nsampler: eulr\n");
    const diagnostics = await client.items(uri);
    const range = { start: { line: 2, character: 10 }, end: { line: 2, character: 10 } };
    const [fix] = await client.ask<CodeAction[]>("codeAction", uri, { range, context: { diagnostics } });
    expect(fix).toMatchObject({ title: "Change to `euler`", kind: "quickfix", isPreferred: true, diagnostics });
    expect(edited("diffusion: 1\nprompt: x\nsampler: eulr\n", fix!.edit!.changes![uri]!)).toBe(
      "diffusion: 1\nprompt: x\nsampler: euler\n",
    );
    const others = { range, context: { diagnostics, only: ["refactor"] } };
    expect(await client.ask("codeAction", uri, others)).toEqual([]);
  });

  test("keys are put in order when it is asked for", async () => {
    const text = "diffusion: 1\nsteps: 4\nprompt: x\n";
    const uri = await client.open("order.diffusion", text);
    const context = { diagnostics: [], only: ["source.orderKeys"] };
    const [action] = await client.ask<CodeAction[]>("codeAction", uri, { ...everything, context });
    expect(edited(text, action!.edit!.changes![uri]!)).toBe("diffusion: 1\nprompt: x\nsteps: 4\n");
  });

  test("rename", async () => {
    const text = "diffusion: 1\nworkflow:\n  a: {prompt: x}\n  b: {prompt: x, image: $a}\n";
    const uri = await client.open("rename.diffusion", text);
    expect(await client.ask("prepareRename", uri, at(3, 26))).toMatchObject({ placeholder: "a" });
    expect(await client.ask("prepareRename", uri, at(0, 3))).toBeNull();
    const edit = await client.ask<WorkspaceEdit>("rename", uri, { ...at(3, 26), newName: "draft" });
    expect(edited(text, edit.changes![uri]!)).toBe(text.replace("a:", "draft:").replace("$a", "$draft"));
    await expect(client.ask("rename", uri, { ...at(3, 26), newName: "b" })).rejects.toThrow(
      "there is a node `b` already",
    );
  });

  test("formatting: the file, a part, the line that was finished", async () => {
    const text = "diffusion:   1\nprompt:   x\nsteps:   4\n\n";
    const uri = await client.open("format.diffusion", text);
    const options = { options: { tabSize: 2, insertSpaces: true } };
    const format = async (method: string, params: object) =>
      edited(text, await client.ask<TextEdit[]>(method, uri, { ...options, ...params }));
    expect(await format("formatting", {})).toBe("diffusion: 1\nprompt: x\nsteps: 4\n");
    const range = { start: { line: 1, character: 0 }, end: { line: 1, character: 3 } };
    expect(await format("rangeFormatting", { range })).toBe("diffusion:   1\nprompt: x\nsteps:   4\n\n");
    expect(await format("onTypeFormatting", { ...at(3, 0), ch: "\n" })).toBe(
      "diffusion:   1\nprompt:   x\nsteps: 4\n\n",
    );
  });
});

describe("looking around", () => {
  const text =
    "vars: {p: a lake}\nworkflow:\n  draft: {prompt: 'in ${p}'}\n  b: {prompt: x, image: $draft}\n  c: {prompt: x, image: ./a.png, model: hf:org/name}\n";
  let uri: string;
  beforeAll(async () => {
    uri = await open(text, "hover.diffusion");
  });

  test("hover, with the last picture", async () => {
    const hover = await client.ask<Hover>("hover", uri, at(4, 26));
    const { value } = hover.contents as { value: string };
    expect(value).toContain("in a lake");
    expect(value).toContain(
      `![the last result](${pathToFileURL(join(folder, "out", "hover-draft-0.png")).href}|width=240)`,
    );
    expect(await client.ask("hover", uri, at(0, 12))).not.toBeUndefined();
  });

  test("definition, references, highlights", async () => {
    const [link] = await client.ask<LocationLink[]>("definition", uri, at(4, 26));
    expect(link).toMatchObject({ targetUri: uri, targetRange: { start: { line: 3, character: 2 } } });
    const references = (includeDeclaration: boolean) =>
      client.ask<Location[]>("references", uri, { ...at(3, 24), context: { includeDeclaration } });
    expect((await references(true)).map(({ range }) => range.start.line)).toEqual([1, 3]);
    expect((await references(false)).map(({ range }) => range.start.line)).toEqual([3]);
    expect(await client.ask("documentHighlight", uri, at(4, 26))).toMatchObject([{ kind: 3 }, { kind: 2 }]);
  });

  test("symbols of the file", async () => {
    const symbols = await client.ask<DocumentSymbol[]>("documentSymbol", uri);
    expect(symbols.map(({ name, children }) => [name, children?.map((child) => child.name)])).toEqual([
      ["vars", ["p"]],
      ["workflow", ["draft", "b", "c"]],
    ]);
  });

  test("symbols of the folder, with progress", async () => {
    const seen: string[] = [];
    client.connection.onNotification("$/progress", ({ value }: { value: { kind: string } }) => {
      seen.push(value.kind);
    });
    const params = { query: "lgt", workDoneToken: "looking" };
    const symbols = await client.connection.sendRequest<WorkspaceSymbol[]>("workspace/symbol", params);
    expect(symbols).toMatchObject([
      { name: "lighthouse", location: { uri: pathToFileURL(join(folder, "closed.diffusion")).href } },
    ]);
    expect([seen[0], seen.at(-1)]).toEqual(["begin", "end"]);
  });

  test("links to what is there", async () => {
    const links = await client.ask<DocumentLink[]>("documentLink", uri);
    expect(links.map(({ target }) => target)).toEqual([
      pathToFileURL(join(folder, "a.png")).href,
      "https://huggingface.co/org/name",
    ]);
  });

  test("folding and selection", async () => {
    const folds = await client.ask<FoldingRange[]>("foldingRange", uri);
    expect(folds).toContainEqual({ startLine: 2, endLine: 5 });
    const [selection] = await client.ask<SelectionRange[]>("selectionRange", uri, {
      positions: [{ line: 4, character: 15 }],
    });
    let depth = 0;
    for (let range = selection; range; range = range.parent) depth++;
    expect(depth).toBeGreaterThan(4);
  });

  test("lenses and hints", async () => {
    const lenses = await client.ask<CodeLens[]>("codeLens", uri);
    expect(lenses[0]?.command).toEqual({
      title: "▶ Run",
      command: "diffusion.run",
      arguments: [{ uri, node: "draft" }],
    });
    let hints: InlayHint[] = [];
    while (hints.length === 0) {
      await client.items(uri);
      hints = await client.ask<InlayHint[]>("inlayHint", uri, everything);
    }
    expect(hints.map(({ label }) => label)).toEqual(["128×128", "3/75", "1/75"]);
  });

  test("semantic tokens: all, what has changed, a part", async () => {
    const first = await client.ask<SemanticTokens>("semanticTokens/full", uri);
    await client.change(uri, { line: 3, character: 19 }, { line: 3, character: 21 }, "by the");
    const delta = await client.ask<SemanticTokensDelta>("semanticTokens/full/delta", uri, {
      previousResultId: first.resultId,
    });
    expect(delta.edits.length).toBe(1);
    const data = [...first.data];
    for (const { start, deleteCount, data: inserted = [] } of delta.edits) data.splice(start, deleteCount, ...inserted);
    const second = await client.ask<SemanticTokens>("semanticTokens/full", uri);
    expect(data).toEqual(second.data);
    expect(delta.edits[0]!.data!.length).toBeLessThan(second.data.length / 2);
    expect(await client.ask("semanticTokens/full/delta", uri, { previousResultId: "unknown" })).toHaveProperty("data");
    const part = await client.ask<SemanticTokens>("semanticTokens/range", uri, everything);
    expect(part.data).toEqual(second.data);
  });
});

describe("bad manners", () => {
  test("a question that is taken back is not answered", async () => {
    const uri = await open("prompt: x\n");
    const frame = (message: object) => {
      const body = JSON.stringify({ jsonrpc: "2.0", ...message });
      return `Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
    };
    const params = { textDocument: { uri }, ...at(1, 1) };
    const answer = new Promise<string>((resolve) => {
      client.process.stdout!.on("data", (data: Buffer) => {
        if (data.includes('"taken-back"')) resolve(data.toString());
      });
    });
    const asked = frame({ id: "taken-back", method: "textDocument/hover", params });
    client.process.stdin!.write(asked + frame({ method: "$/cancelRequest", params: { id: "taken-back" } }));
    expect(await answer).toContain('"code":-32800');
    expect(await client.ask("hover", uri, at(1, 1))).not.toBeNull();
  });

  test("documents that are not open, places that are not there, methods nobody knows", async () => {
    const nowhere = pathToFileURL(join(folder, "nowhere.diffusion")).href;
    for (const method of ["hover", "definition", "prepareRename"])
      expect(await client.ask(method, nowhere, at(1, 1))).toBeNull();
    for (const method of ["completion", "documentSymbol", "foldingRange", "codeLens", "documentLink"])
      expect(await client.ask(method, nowhere, at(1, 1))).toEqual([]);
    const uri = await open("prompt: x\n");
    expect(await client.ask("completion", uri, at(9999, 9999))).not.toBeNull();
    await expect(client.ask("noSuchThing", uri)).rejects.toMatchObject({ code: -32601 });
  });

  test("a document that is not on disk has everything but facts", async () => {
    const uri = "untitled:Untitled-1";
    const textDocument = { uri, languageId: "diffusion", version: 1, text: "diffusion: 1\nprompt: x\nsampler: eulr\n" };
    await client.connection.sendNotification("textDocument/didOpen", { textDocument });
    expect((await client.items(uri)).map(({ code }) => code)).toEqual(["unknown-value"]);
    expect(await client.ask("completion", uri, at(2, 9))).not.toEqual([]);
  });

  test("a large file is refused, not read", async () => {
    const uri = await client.open("large.diffusion", `diffusion: 1\nprompt: ${"x".repeat(3 * 1024 * 1024)}\n`);
    expect((await client.items(uri)).map(({ code }) => code)).toEqual(["too-large"]);
  });
});

describe("an older editor", () => {
  test("is sent problems, plain insertions and plain locations, and is told when there are no more", async () => {
    const older = new Client(folder);
    const sent: PublishDiagnosticsParams[] = [];
    let arrived = (): void => undefined;
    older.connection.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
      sent.push(params);
      arrived();
    });
    const until = async (good: () => boolean) => {
      while (!good()) await new Promise<void>((resolve) => (arrived = resolve));
    };
    const { diagnostic: _, completion: __, definition: ___, ...textDocument } = modernEditor.textDocument!;
    await older.start({ textDocument });
    const uri = await older.open(
      "old.diffusion",
      "diffusion: 1\nworkflow:\n  a: {prompt: x, sampler: eulr}\n  b: {prompt: x, image: $a, model: ./gone}\n",
    );
    await until(() => sent.at(-1)?.diagnostics.length === 2);
    expect(sent.at(-1)!.diagnostics.map(({ code }) => code)).toEqual(["unknown-value", "model-not-found"]);
    const items = await older.ask<CompletionItem[]>("completion", uri, at(2, 6));
    expect(items.some(({ insertTextFormat }) => insertTextFormat === 2)).toBe(false);
    expect(JSON.stringify(items.map(({ textEdit }) => textEdit))).not.toContain("${");
    expect(await older.ask("definition", uri, at(3, 26))).toMatchObject({ uri, range: { start: { line: 2 } } });
    await older.connection.sendNotification("textDocument/didClose", { textDocument: { uri } });
    await until(() => sent.at(-1)?.diagnostics.length === 0);
    expect(await older.stop()).toBe(0);
  });
});

test("it ends well after shutdown, and at once when the editor is gone", async () => {
  const other = new Client(folder);
  await other.start();
  const ended = new Promise((resolve) => other.process.on("exit", resolve));
  other.process.stdin!.end();
  expect(await ended).toBe(1);
  expect(await client.stop()).toBe(0);
});
