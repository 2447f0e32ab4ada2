// The part of a TextMate grammar that ours uses, and the pieces its expressions are made of.

/** Scopes for the groups of an expression, by number. */
export type Captures = Readonly<Record<string, { readonly name?: string; readonly patterns?: readonly Rule[] }>>;

/** A rule: one match, a part from `begin` to `end` (or as long as lines are as `while` says), or a name of the repository. */
export interface Rule {
  readonly include?: string;
  readonly name?: string;
  readonly contentName?: string;
  readonly match?: string;
  readonly begin?: string;
  readonly end?: string;
  readonly while?: string;
  readonly captures?: Captures;
  readonly beginCaptures?: Captures;
  readonly endCaptures?: Captures;
  readonly patterns?: readonly Rule[];
}

/** A grammar as editors read it. */
export interface Grammar {
  readonly name: string;
  readonly scopeName: string;
  readonly patterns: readonly Rule[];
  readonly repository: Readonly<Record<string, Rule>>;
}

/** A rule of the repository. */
export function include(name: string): Rule {
  return { include: `#${name}` };
}

/** Scopes for groups 1, 2, …; an empty name leaves one out. */
export function scopes(...names: readonly string[]): Captures {
  return Object.fromEntries(names.flatMap((name, i) => (name === "" ? [] : [[String(i + 1), { name }]])));
}

/** An expression for one of the words. */
export function oneOf(words: readonly string[]): string {
  return `(?:${words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("|")})`;
}

/** `${name}`, wherever it stands. */
export const variable: Rule = {
  name: "meta.template.expression.diffusion",
  match: "(\\$\\{)([A-Za-z_][A-Za-z0-9_-]*)(\\})",
  captures: scopes(
    "punctuation.definition.template-expression.begin.diffusion",
    "variable.other.readwrite.diffusion",
    "punctuation.definition.template-expression.end.diffusion",
  ),
};
