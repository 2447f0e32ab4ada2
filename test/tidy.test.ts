// The house rules of ARCHITECTURE.md, proved over every file: who imports whom, names, first lines, pinned versions, no machine's paths.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";

const ROOT = join(import.meta.dirname, "..");

/** The folders of daemon/src from the ground up: each imports only lower ones, none of its own line. */
const LAYERS = [
  ["base"],
  ["tensor", "random", "language"],
  ["weights", "tokenizers", "codecs"],
  ["onnx", "diffusion"],
  ["autodiff", "nn"],
  ["models"],
  ["runtime", "adapters"],
  ["pipelines", "training"],
  ["workflow"],
  ["jobs"],
  ["rpc", "lsp"],
  ["cli"],
];

/** Packages that one folder alone may import. */
const OWNED_PACKAGES: Readonly<Record<string, string>> = {
  "onnxruntime-node": "daemon/src/runtime/",
  "vscode-languageserver": "daemon/src/lsp/",
  sharp: "daemon/src/codecs/",
  "@huggingface/tokenizers": "daemon/src/tokenizers/",
};

/** Code that runs anywhere: no Node API. The generator writes files, so it stands apart. */
const PURE = /^(schemas\/(?!generate\.ts$)|daemon\/src\/(tensor|language|onnx|diffusion|nn)\/)/;

/** Functions that may be longer than 60 lines, each with its reason. */
const LONG_FUNCTIONS: Readonly<Record<string, string>> = {};
const MOST_LINES = 60;

interface Source {
  /** from the root, with `/` */
  readonly path: string;
  readonly text: string;
}

/** What breaks a rule, and where: `daemon/src/nn/conv.ts:3: …` */
type Violation = string;
type Rule = (source: Source) => Violation[];

// ---- reading ------------------------------------------------------------------------------------------------------------

const SKIPPED = new Set(["node_modules", "dist", "coverage", "out", ".git", ".vitest-cache"]);

/** Every file below the folder that git would keep, by its path from the root. */
function filesBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = posix.join(folder, entry.name);
    if (!entry.isDirectory()) return [path];
    return SKIPPED.has(entry.name) ? [] : filesBelow(path);
  });
}

const read = (path: string): Source => ({ path, text: readFileSync(join(ROOT, path), "utf8") });

const FILES = filesBelow("");
const CODE = FILES.filter((path) => /\.[jt]s$/.test(path)).map(read);
const TEXTS = FILES.filter((path) => /(\.(md|json|ya?ml|py|txt|css|html|diffusion)|^[^.]*|\/run|rc)$/.test(path)).map(
  read,
);

const lineOf = (text: string, offset: number): number => text.slice(0, offset).split("\n").length;

const parsed = new WeakMap<Source, ts.SourceFile>();

/** Visits every node of a file. */
function walk(source: Source, visit: (node: ts.Node, line: number) => void): void {
  const file = parsed.get(source) ?? ts.createSourceFile(source.path, source.text, ts.ScriptTarget.Latest, true);
  parsed.set(source, file);
  const each = (node: ts.Node): void => {
    visit(node, file.getLineAndCharacterOfPosition(node.getStart(file)).line + 1);
    ts.forEachChild(node, each);
  };
  each(file);
}

interface Import {
  readonly line: number;
  readonly from: string;
  /** whether nothing is left of it when the code runs */
  readonly typeOnly: boolean;
}

/** Static, dynamic, type-only and re-exporting imports. */
function importsOf(source: Source): Import[] {
  const found: Import[] = [];
  walk(source, (node, line) => {
    const from = specifierOf(node);
    if (from && ts.isStringLiteral(from)) found.push({ line, from: from.text, typeOnly: isTypeOnly(node) });
  });
  return found;
}

function specifierOf(node: ts.Node): ts.Node | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return node.moduleSpecifier;
  if (ts.isImportTypeNode(node)) return ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined;
  const isDynamic = ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword;
  return isDynamic ? node.arguments[0] : undefined;
}

function isTypeOnly(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node)) return node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword;
  return ts.isExportDeclaration(node) ? node.isTypeOnly : ts.isImportTypeNode(node);
}

/** The file that a relative import means, from the root. */
const targetOf = ({ path }: Source, { from }: Import): string => posix.join(dirname(path), from);

/** Every import of a file, judged: the rule says what is wrong with it, if anything. */
const forImports =
  (judge: (from: string, source: Source) => string | undefined): Rule =>
  (source) =>
    importsOf(source).flatMap((found) => {
      const from = found.from.startsWith(".") ? targetOf(source, found) : found.from;
      const wrong = judge(from, source);
      return wrong === undefined ? [] : [`${source.path}:${found.line}: ${wrong}`];
    });

// ---- the rules ----------------------------------------------------------------------------------------------------------

const folderOf = (path: string): string | undefined => /^daemon\/src\/([^/]+)\//.exec(path)?.[1];

const importDirection = forImports((from, { path }) => {
  const [ours, theirs] = [folderOf(path), folderOf(from)];
  if (ours === undefined || theirs === undefined || ours === theirs) return undefined;
  const [our, their] = [ours, theirs].map((folder) => LAYERS.findIndex((layer) => layer.includes(folder)));
  if (our === -1 || their === -1) return `${our === -1 ? ours : theirs}/ has no layer yet: add it to LAYERS`;
  return their! < our! ? undefined : `${ours}/ (layer ${our}) imports ${theirs}/ (layer ${their})`;
});

/** schemas stands alone; daemon and extension know schemas only; none knows the tests. */
const workspaces = forImports((from, { path }) => {
  const of = (file: string) => /^(schemas|daemon|extension|test)\//.exec(file)?.[1];
  const [ours, theirs] = [of(path), of(from)];
  if (theirs === undefined || ours === undefined || ours === theirs || ours === "test") return undefined;
  return theirs === "schemas" ? undefined : `${ours}/ imports ${from}`;
});

const families = forImports((from, { path }) => {
  const family = (file: string) => /^daemon\/src\/models\/([^/]+)\//.exec(file)?.[1];
  const theirs = family(from);
  if (!path.startsWith("daemon/src/") || theirs === undefined || theirs === family(path)) return undefined;
  return from.endsWith(`/${theirs}/index.ts`) ? undefined : `reaches into the family ${theirs}: import its index.ts`;
});

const ownedPackages = forImports((from, { path }) => {
  const name = Object.keys(OWNED_PACKAGES).find((known) => from === known || from.startsWith(`${known}/`));
  if (name === undefined || path.startsWith("test/") || path.startsWith(OWNED_PACKAGES[name]!)) return undefined;
  return `only ${OWNED_PACKAGES[name]!} imports ${name}`;
});

const pureFolders = forImports((from, { path }) =>
  PURE.test(path) && from.startsWith("node:") ? `imports ${from}, but runs where there is no Node` : undefined,
);

/** A server of texts starts at once and survives every driver: nothing that it loads may lead to the engine. */
const textServer: Rule = (source) => {
  if (!source.path.startsWith("daemon/src/lsp/")) return [];
  const seen = new Set([source.path]);
  const loads = (from: Source): string[] =>
    importsOf(from)
      .filter((found) => found.from.startsWith(".") && !found.typeOnly)
      .map((found) => targetOf(from, found));
  const reach = (paths: readonly string[], trail: readonly string[]): Violation[] =>
    paths.flatMap((path) => {
      if (seen.has(path)) return [];
      seen.add(path);
      const way = [...trail, path];
      if (path.startsWith("daemon/src/runtime/")) return [`${source.path}:1: loads ${way.join(" → ")}`];
      const next = CODE.find((known) => known.path === path);
      return next ? reach(loads(next), way) : [];
    });
  return reach(loads(source), []).slice(0, 1);
};

const wholeImports: Rule = (source) =>
  importsOf(source)
    .filter(({ from }) => from.startsWith("."))
    .flatMap((found) => {
      const ending = source.path.endsWith(".js") ? /\.[jt]s$/ : /\.(ts|json)$/;
      const wrong = !ending.test(found.from)
        ? "does not end in .ts"
        : existsSync(join(ROOT, targetOf(source, found)))
          ? undefined
          : "does not exist";
      return wrong === undefined ? [] : [`${source.path}:${found.line}: ${found.from} ${wrong}`];
    });

const firstLine: Rule = ({ path, text }) => {
  const lines = text.split("\n");
  const at = lines[0]!.startsWith("#!") ? 1 : 0;
  const said = /^\/\/ (.*)/.exec(lines[at] ?? "")?.[1] ?? "";
  return said.length >= 15 ? [] : [`${path}:${at + 1}: the first line does not say what the file is`];
};

const names: Rule = (source) => {
  const found: Violation[] = [];
  if (/(^|[/-])(utils?|helpers?)\.[jt]s$/.test(source.path)) found.push(`${source.path}:1: a file named by no concept`);
  walk(source, (node, line) => {
    const name = (ts.isClassDeclaration(node) || ts.isClassExpression(node)) && node.name?.text;
    if (name && /(Manager|Helper|Util)s?$|^Base|Base$/.test(name)) found.push(`${source.path}:${line}: class ${name}`);
  });
  return found;
};

const functionLengths: Rule = (source) => {
  const found: Violation[] = [];
  walk(source, (node, line) => {
    if (!ts.isFunctionLike(node) || !("body" in node) || !node.body) return;
    const lines = node.getText().split("\n").length;
    const name = nameOf(node);
    if (lines > MOST_LINES && !Object.hasOwn(LONG_FUNCTIONS, `${source.path} ${name}`))
      found.push(`${source.path}:${line}: ${name} has ${lines} lines, more than ${MOST_LINES}`);
  });
  return found;
};

function nameOf(node: ts.SignatureDeclaration): string {
  const named = node.name ?? (ts.isVariableDeclaration(node.parent) ? node.parent.name : undefined);
  return named?.getText() ?? "a function";
}

/** Spelled in parts, so that this file does not break its own rule. */
const MACHINE_PATHS = [
  ["", "work", ""],
  ["", "root", ""],
  ["", "opt", "oracle"],
].map((parts) => parts.join("/"));

const machinePaths: Rule = ({ path, text }) =>
  MACHINE_PATHS.flatMap((machine) => {
    const at = text.search(new RegExp(`(?<![\\w.])${machine}`));
    return at === -1 ? [] : [`${path}:${lineOf(text, at)}: a path of one machine, ${machine}`];
  });

const pinnedVersions: Rule = ({ path, text }) => {
  if (!/(^|\/)package\.json$/.test(path)) return [];
  const manifest = JSON.parse(text) as Record<string, Record<string, string> | undefined>;
  const groups = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];
  return groups
    .flatMap((group) => Object.entries(manifest[group] ?? {}))
    .filter(([, version]) => !/^\d+\.\d+\.\d+(-[\w.]+)?$/.test(version))
    .map(
      ([name, version]) => `${path}:${lineOf(text, text.indexOf(`"${name}"`))}: ${name} ${version} is no exact version`,
    );
};

/** The lock file names no host but the public registry, so that it installs anywhere. */
const lockedSources: Rule = ({ path, text }) => {
  if (path !== "package-lock.json") return [];
  return [...text.matchAll(/"resolved": "([a-z+]+:\/\/[^"]*)"/g)]
    .filter(([, url]) => !url!.startsWith("https://registry.npmjs.org/"))
    .map((found) => `${path}:${lineOf(text, found.index)}: ${found[1]!}`);
};

const product = CODE.filter(({ path }) => !path.startsWith("test/"));

const RULES: readonly (readonly [name: string, rule: Rule, over: readonly Source[]])[] = [
  ["a folder of daemon/src imports only folders below it", importDirection, CODE],
  ["schemas stands alone; daemon and extension import schemas only", workspaces, CODE],
  ["a model family is imported by its index.ts", families, CODE],
  ["a package with an owner is imported by its owner", ownedPackages, CODE],
  ["code that runs anywhere imports no Node API", pureFolders, CODE],
  ["the language server does not load the engine", textServer, CODE],
  ["a relative import names a file that exists, with its ending", wholeImports, CODE],
  ["the first line says what the file is", firstLine, CODE],
  ["files and classes are named by what they are", names, CODE],
  [`functions have at most ${MOST_LINES} lines`, functionLengths, product],
  ["no file names a path of one machine", machinePaths, [...CODE, ...TEXTS]],
  ["versions of dependencies are exact", pinnedVersions, TEXTS],
  ["the lock file names no host but the public registry", lockedSources, TEXTS],
];

describe("every file", () => {
  test.each(RULES)("%s", (_, rule, sources) => {
    expect(sources.length).toBeGreaterThan(0);
    expect(sources.flatMap(rule).join("\n")).toBe("");
  });
});

// ---- the rules can fail -------------------------------------------------------------------------------------------------

const made = (path: string, text: string): Source => ({ path, text });
const long = `// A file with a long function.\nfunction long() {\n${"  f();\n".repeat(60)}}\n`;

const BROKEN: readonly (readonly [rule: Rule, source: Source, violation: string | RegExp])[] = [
  [
    importDirection,
    made("daemon/src/nn/a.ts", 'import "../models/b.ts";'),
    "daemon/src/nn/a.ts:1: nn/ (layer 4) imports models/ (layer 5)",
  ],
  [
    importDirection,
    made("daemon/src/random/a.ts", 'import type { T } from "../tensor/b.ts";'),
    /random\/ \(layer 1\) imports tensor\//,
  ],
  [importDirection, made("daemon/src/onnx/a.ts", '\nexport { b } from "../diffusion/b.ts";'), /a\.ts:2: onnx\/ /],
  [importDirection, made("daemon/src/base/a.ts", 'const b = () => import("../cli/b.ts");'), /base\/ \(layer 0\)/],
  [importDirection, made("daemon/src/base/a.ts", 'type B = import("../cli/b.ts").B;'), /base\/ \(layer 0\)/],
  [importDirection, made("daemon/src/base/a.ts", 'import "../misc/b.ts";'), /misc\/ has no layer/],
  [workspaces, made("schemas/document/a.ts", 'import "../../daemon/src/base/b.ts";'), /schemas\/ imports daemon/],
  [workspaces, made("daemon/src/base/a.ts", 'import "../../../test/b.ts";'), /daemon\/ imports test\/b\.ts/],
  [families, made("daemon/src/models/t5/a.ts", 'import "../clip/config.ts";'), /family clip/],
  [families, made("daemon/src/pipelines/a.ts", 'import "../models/clip/config.ts";'), /family clip/],
  [ownedPackages, made("daemon/src/pipelines/a.ts", 'import "onnxruntime-node";'), /only daemon\/src\/runtime\//],
  [ownedPackages, made("daemon/src/rpc/a.ts", 'import "vscode-languageserver/node.js";'), /only daemon\/src\/lsp\//],
  [ownedPackages, made("daemon/src/workflow/a.ts", 'import "sharp";'), /only daemon\/src\/codecs\//],
  [pureFolders, made("schemas/document/a.ts", 'import "node:fs";'), /imports node:fs/],
  [pureFolders, made("daemon/src/language/a.ts", 'import "node:path";'), /imports node:path/],
  [
    textServer,
    made("daemon/src/lsp/a.ts", 'import "../workflow/run.ts";'),
    /^daemon\/src\/lsp\/a\.ts:1: loads daemon\/src\/workflow\/run\.ts → /,
  ],
  [wholeImports, made("daemon/src/nn/a.ts", 'import "./conv";'), /does not end in \.ts/],
  [wholeImports, made("daemon/src/nn/a.ts", 'import "./no-such-file.ts";'), /does not exist/],
  [firstLine, made("a.ts", 'import "b";'), "a.ts:1: the first line does not say what the file is"],
  [firstLine, made("a.js", "#!/usr/bin/env node\n// short"), /a\.js:2/],
  [names, made("daemon/src/nn/utils.ts", ""), /no concept/],
  [names, made("a.ts", "\nclass SessionManager {}"), "a.ts:2: class SessionManager"],
  [functionLengths, made("a.ts", long), "a.ts:2: long has 62 lines, more than 60"],
  [machinePaths, made("a.md", `see\n${MACHINE_PATHS[0]!}x`), /a\.md:2: a path of one machine/],
  [
    pinnedVersions,
    made("package.json", '{"dependencies": {"a": "^1.0.0"}}'),
    "package.json:1: a ^1.0.0 is no exact version",
  ],
  [lockedSources, made("package-lock.json", '{"resolved": "https://mirror.example/a.tgz"}'), /mirror\.example/],
];

const ruleName = (rule: Rule): string => RULES.find(([, known]) => known === rule)![0];

describe("a rule that is broken is named", () => {
  test.each(BROKEN.map((broken) => [ruleName(broken[0]), broken[1].path, ...broken] as const))(
    "%s: %s",
    (_, __, rule, source, violation) => {
      const [found, ...more] = rule(source);
      expect(more).toEqual([]);
      if (typeof violation === "string") expect(found).toBe(violation);
      else expect(found).toMatch(violation);
    },
  );
});

test("a type loads nothing", () => {
  expect(textServer(made("daemon/src/lsp/a.ts", 'import type { RunOptions } from "../workflow/run.ts";'))).toEqual([]);
});
