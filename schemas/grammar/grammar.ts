// The TextMate grammar of .diffusion files: YAML with the schema's keys and words, and prompts for what they are.
import { promptIn, promptRules, type Surroundings } from "./prompt.ts";
import { type Captures, type Grammar, include, oneOf, type Rule, scopes, variable } from "./rule.ts";
import { vocabulary } from "./vocabulary.ts";

/** The grammar; its scopes are those that themes know from YAML. */
export function diffusionGrammar(): Grammar {
  const { keys, prompts, words } = vocabulary();
  const prompt = oneOf(prompts);
  return {
    name: "Diffusion",
    scopeName: "source.diffusion",
    patterns: [
      include("comment"),
      include("marker"),
      ...blockTexts(prompt, "string.unquoted.block.diffusion meta.prompt.diffusion", [promptIn("block")]),
      ...blockTexts(anyKey, "string.unquoted.block.diffusion", [variable]),
      ...plainPrompts(prompt),
      include("dash"),
      ...inBlockOrFlow,
      plain("(?:[^#]|(?<=\\S)#)*"),
    ],
    repository: {
      ...yaml,
      "prompt-in-flow": promptInFlow(prompt),
      words: { patterns: words.map(([key, known]) => wordRule(key, known)) },
      keys: {
        patterns: [keyRule(oneOf(keys), "entity.name.tag.diffusion"), keyRule(anyKey, "entity.name.section.diffusion")],
      },
      ...promptRules(),
    },
  };
}

const anyKey = "\"(?:[^\"\\\\]|\\\\.){0,80}\"|'[^']{0,80}'|[^\\s#:,\\[\\]{}'\"&*!|>%@`-][^#:,\\[\\]{}]{0,80}?";
const colon = "punctuation.separator.key-value.mapping.diffusion";
const dash = "punctuation.definition.block.sequence.item.diffusion";
const beforeKey = "(?:^|(?<=[\\s{,]))";
const valueEnds = "(?=\\s*(?:$|[,\\]}]|\\s#))";
const inBlockOrFlow: readonly Rule[] = [include("words"), include("keys"), include("value")];

function keyRule(key: string, scope: string): Rule {
  return { match: `${beforeKey}(${key})\\s*(:)(?=\\s|$|[,\\]}])`, captures: scopes(scope, colon) };
}

function wordRule(key: string, words: readonly string[]): Rule {
  return {
    match: `${beforeKey}(${key})\\s*(:)\\s+(${oneOf(words)})${valueEnds}`,
    captures: scopes("entity.name.tag.diffusion", colon, "support.constant.property-value.diffusion"),
  };
}

/** The indentation of a key, and that of the further lines of its value; behind the dash of a list, two more. */
const indentations: readonly (readonly [key: string, further: string])[] = [
  ["^( *)()", "^(?:\\1 +|\\s*$)"],
  ["^( *)(-) +", "^(?:\\1   +|\\s*$)"],
];

/** `key: |`, and the lines that are further in. */
function blockTexts(key: string, contentName: string, patterns: readonly Rule[]): Rule[] {
  return indentations.map(([indent, further]) => ({
    begin: `${indent}(${key})\\s*(:)\\s+([|>][-+0-9]{0,2})(?:\\s+(#.*))?\\s*$`,
    while: further,
    beginCaptures: scopes(
      "",
      dash,
      "entity.name.tag.diffusion",
      colon,
      "keyword.control.flow.block-scalar.diffusion",
      "comment.line.number-sign.diffusion",
    ),
    contentName,
    patterns,
  }));
}

/** A prompt behind its key or on the lines below, plain, in quotes or in a list. */
function plainPrompts(key: string): Rule[] {
  return indentations.map(([indent, further]) => ({
    begin: `${indent}(${key})\\s*(:)(?:\\s+|$)`,
    while: further,
    beginCaptures: scopes("", dash, "entity.name.tag.diffusion", colon),
    contentName: "meta.prompt.diffusion",
    patterns: [include("comment"), include("dash"), ...promptValues, plain("(?:[^#]|(?<=\\S)#)*", "plain")],
  }));
}

/** A prompt between the braces of a map. */
function promptInFlow(key: string): Rule {
  return {
    begin: `${beforeKey}(${key})\\s*(:)\\s+`,
    end: "(?=[,}\\]])",
    beginCaptures: scopes("entity.name.tag.diffusion", colon),
    contentName: "meta.prompt.diffusion",
    patterns: [include("comment"), ...promptValues, plain("(?:[^#,\\[\\]{}]|(?<=\\S)#)*", "flow")],
  };
}

/** Prompts in quotes, and lists of prompts, where a value begins. */
const promptValues: readonly Rule[] = [
  quoted("double", "\\G\\s*|(?<=[-\\[,]\\s)|(?<=[\\[,])", promptIn("double")),
  quoted("single", "\\G\\s*|(?<=[-\\[,]\\s)|(?<=[\\[,])", promptIn("single")),
  {
    begin: "\\G\\[",
    end: "\\]",
    beginCaptures: named("punctuation.definition.sequence.begin.diffusion"),
    endCaptures: named("punctuation.definition.sequence.end.diffusion"),
    patterns: [include("comment"), include("prompts-in-list")],
  },
  include("anchor"),
];

function named(name: string): Captures {
  return { 0: { name } };
}

/** Text without quotes; what it holds is a prompt, or text with variables. */
function plain(rest: string, prompt?: Surroundings): Rule {
  return {
    name: "string.unquoted.plain.diffusion",
    match: `[^\\s,\\[\\]{}#&*!|>'"%@\`]${rest}`,
    captures: { 0: { patterns: [prompt ? promptIn(prompt) : variable] } },
  };
}

function quoted(kind: "double" | "single", before: string, inside: Rule): Rule {
  const mark = kind === "double" ? '"' : "'";
  const end = kind === "double" ? '"' : "'(?!')";
  return {
    name: `string.quoted.${kind}.diffusion`,
    begin: `(?:${before})(${mark})`,
    end: `(${end})`,
    beginCaptures: scopes("punctuation.definition.string.begin.diffusion"),
    endCaptures: scopes("punctuation.definition.string.end.diffusion"),
    patterns: [include(`${kind}-escape`), inside],
  };
}

function collection(what: "mapping" | "sequence", begin: string, end: string): Rule {
  return {
    name: `meta.flow-${what}.diffusion`,
    begin,
    end,
    beginCaptures: named(`punctuation.definition.${what}.begin.diffusion`),
    endCaptures: named(`punctuation.definition.${what}.end.diffusion`),
    patterns: [
      include("comment"),
      include("prompt-in-flow"),
      ...inBlockOrFlow,
      { name: `punctuation.separator.${what}.diffusion`, match: "," },
      plain("(?:[^#,\\[\\]{}]|(?<=\\S)#)*"),
    ],
  };
}

const reference: Rule = {
  name: "meta.reference.diffusion",
  match: `(?<=[\\s\\[,"'])(\\$)([A-Za-z_][A-Za-z0-9_-]*)(?:(\\[)(\\d+)(\\]))?(?:(\\.)([A-Za-z_]\\w*))?(?=\\s*(?:$|[,\\]}"']|\\s#))`,
  captures: scopes(
    "punctuation.definition.variable.diffusion",
    "variable.other.node.diffusion",
    "punctuation.section.brackets.begin.diffusion",
    "constant.numeric.index.diffusion",
    "punctuation.section.brackets.end.diffusion",
    "punctuation.accessor.diffusion",
    "variable.other.property.diffusion",
  ),
};

/** YAML, as far as it does not depend on the schema. */
const yaml: Readonly<Record<string, Rule>> = {
  comment: {
    name: "comment.line.number-sign.diffusion",
    match: "(?:^|(?<=\\s))(#).*$",
    captures: scopes("punctuation.definition.comment.diffusion"),
  },
  marker: { name: "entity.other.document.diffusion", match: "^(?:---|\\.\\.\\.)(?=\\s|$)" },
  dash: { match: "(?:^|\\G|(?<=-\\s))\\s*(-)(?=\\s|$)", captures: scopes(dash) },
  value: {
    patterns: [
      reference,
      quoted("double", "", { patterns: [reference, variable] }),
      quoted("single", "", { patterns: [reference, variable] }),
      collection("mapping", "\\{", "\\}"),
      collection("sequence", "\\[", "\\]"),
      include("anchor"),
      {
        name: "constant.numeric.diffusion",
        match: `(?<=[\\s\\[,{:])[-+]?(?:0x[0-9a-fA-F]+|0o[0-7]+|\\.(?:inf|nan)|(?:\\d+(?:\\.\\d*)?|\\.\\d+)(?:[eE][-+]?\\d+)?)${valueEnds}`,
      },
      { name: "constant.language.diffusion", match: `(?<=[\\s\\[,{:])(?:true|false|null|~)${valueEnds}` },
    ],
  },
  anchor: {
    match: "(?<=[\\s:,\\[{-])([&*])([^\\s,\\[\\]{}]+)",
    captures: scopes("keyword.control.anchor.diffusion", "entity.name.type.anchor.diffusion"),
  },
  "double-escape": {
    name: "constant.character.escape.diffusion",
    match: "\\\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[^\\\\]|$)|\\\\\\\\(?![()\\[\\]{}<>|:])",
  },
  "single-escape": { name: "constant.character.escape.diffusion", match: "''" },
  "prompts-in-list": {
    patterns: [
      quoted("double", "(?<=[\\s\\[,])", promptIn("double")),
      quoted("single", "(?<=[\\s\\[,])", promptIn("single")),
      { name: "punctuation.separator.sequence.diffusion", match: "," },
      plain("(?:[^#,\\[\\]{}]|(?<=\\S)#)*", "flow"),
    ],
  },
};
