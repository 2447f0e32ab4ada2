// The syntax inside prompts: weights, chunks, schedules, alternatives, adapters, wildcards, choices, variables.
import { include, type Rule, scopes, variable } from "./rule.ts";

const number = "[-+]?(?:\\d+(?:\\.\\d*)?|\\.\\d+)";

/** Where text can be a prompt, and what ends every bracket in it that is left open. */
const surroundings = {
  plain: "(?=\\s#)",
  block: "(?!)",
  flow: "(?=[,\\]}])",
  double: '(?=(?<!\\\\)(?:\\\\\\\\)*")',
  single: "(?='(?!'))",
} as const;

/** How the text that holds a prompt is written. */
export type Surroundings = keyof typeof surroundings;

/** The name in the repository of the prompt syntax in such text. */
export function promptIn(kind: Surroundings): Rule {
  return include(`prompt-${kind}`);
}

/** The rules for prompts in every kind of text. */
export function promptRules(): Record<string, Rule> {
  const kinds = Object.entries(surroundings) as [Surroundings, string][];
  return {
    "prompt-words": { patterns: words },
    ...Object.fromEntries(
      kinds.map(([kind, stop]) => [`prompt-${kind}`, { patterns: [include("prompt-words"), ...brackets(kind, stop)] }]),
    ),
  };
}

const words: readonly Rule[] = [
  { name: "constant.character.escape.prompt.diffusion", match: "\\\\{1,2}[()\\[\\]{}<>|:]" },
  variable,
  { name: "keyword.control.prompt.diffusion", match: "(?<![\\w-])(?:BREAK|AND)(?![\\w-])" },
  {
    match: `(?<=\\s)(:)(${number})(?=\\s*(?:$|["',}\\]]|\\s(?:AND|BREAK)\\b|\\s#))`,
    captures: scopes("punctuation.separator.weight.prompt.diffusion", "constant.numeric.weight.prompt.diffusion"),
  },
  {
    name: "meta.tag.adapter.prompt.diffusion",
    match: `(<)(lora|lyco|embedding|hypernet)(:)([^<>:]+)(?:(:)(${number}))?(?:(:)(${number}))?(>)`,
    captures: scopes(
      "punctuation.definition.tag.begin.prompt.diffusion",
      "entity.name.function.adapter.prompt.diffusion",
      "punctuation.separator.prompt.diffusion",
      "variable.other.adapter.prompt.diffusion",
      "punctuation.separator.prompt.diffusion",
      "constant.numeric.weight.prompt.diffusion",
      "punctuation.separator.prompt.diffusion",
      "constant.numeric.weight.prompt.diffusion",
      "punctuation.definition.tag.end.prompt.diffusion",
    ),
  },
  {
    name: "variable.other.wildcard.prompt.diffusion",
    match: "(__)(?:[A-Za-z0-9*./-]|_(?!_))+(__)",
    captures: scopes(
      "punctuation.definition.variable.begin.prompt.diffusion",
      "punctuation.definition.variable.end.prompt.diffusion",
    ),
  },
];

/** Brackets nest; each kind has its own marks inside. */
function brackets(kind: Surroundings, stop: string): Rule[] {
  return [
    bracket(kind, stop, "emphasis", ["\\(", "\\)"], [weightBefore("\\)")]),
    bracket(
      kind,
      stop,
      "schedule",
      ["\\[", "\\]"],
      [
        { name: "keyword.operator.alternation.prompt.diffusion", match: "\\|" },
        {
          match: `(::?)(${number})(?=\\s*\\])`,
          captures: scopes("keyword.operator.schedule.prompt.diffusion", "constant.numeric.step.prompt.diffusion"),
        },
        { name: "keyword.operator.schedule.prompt.diffusion", match: ":" },
      ],
    ),
    bracket(
      kind,
      stop,
      "choice",
      ["\\{", "\\}"],
      [
        {
          match: "(?<=\\{)(\\d+(?:-\\d*)?|-\\d+)?(\\$\\$)",
          captures: scopes("constant.numeric.quantity.prompt.diffusion", "keyword.operator.quantity.prompt.diffusion"),
        },
        { name: "keyword.operator.quantity.prompt.diffusion", match: "\\$\\$" },
        {
          match: `(?<=[{|$])\\s*(${number})(::)`,
          captures: scopes("constant.numeric.weight.prompt.diffusion", "keyword.operator.weight.prompt.diffusion"),
        },
        { name: "keyword.operator.choice.prompt.diffusion", match: "\\|" },
      ],
    ),
  ];
}

function weightBefore(close: string): Rule {
  return {
    match: `(:)\\s*(${number})(?=\\s*${close})`,
    captures: scopes("punctuation.separator.weight.prompt.diffusion", "constant.numeric.weight.prompt.diffusion"),
  };
}

function bracket(
  kind: Surroundings,
  stop: string,
  what: string,
  [open, close]: readonly [string, string],
  marks: readonly Rule[],
): Rule {
  return {
    name: `meta.${what}.prompt.diffusion`,
    begin: open,
    end: `${close}|${stop}`,
    beginCaptures: { 0: { name: `punctuation.section.${what}.begin.prompt.diffusion` } },
    endCaptures: { 0: { name: `punctuation.section.${what}.end.prompt.diffusion` } },
    patterns: [...marks, promptIn(kind)],
  };
}
