// Every code a diagnostic can carry, with what it means. Stable: editors, scripts and documentation refer to them.

/** What each code means, in one line. */
export const diagnosticCodes = {
  "yaml-syntax": "The text is not valid YAML.",
  "yaml-feature": "YAML that the format leaves out: tags, directives, several documents, keys that are no text.",
  "too-large": "The file, or a value after its variables are filled in, is larger than the format allows.",
  "too-deep": "Lists and maps, or the brackets of a prompt, are nested deeper than the format allows.",
  "too-many-aliases": "YAML aliases are used too often, or stand for too much.",
  "unknown-alias": "A YAML alias names no anchor before it, or one that contains it.",
  "too-many-problems": "The file has more problems than are listed.",
  "not-a-document": "The file is not a map of keys and values.",
  "duplicate-key": "A key is written twice in the same map.",
  "missing-version": "The file does not begin with `diffusion: 1`.",
  "newer-version": "The file is written in a newer version of the format.",
  "unknown-key": "No such key.",
  "unknown-value": "The key takes one of a few words, and this is none of them.",
  "wrong-type": "The value is of another kind than the key takes.",
  "wrong-form": "The text is not written as the key needs it.",
  "out-of-range": "The number, text or list is too small or too large.",
  "size-multiple": "The size is not a multiple of what the model needs.",
  "missing-key": "A key is needed and not there.",
  "conflicting-keys": "Keys that do not go together, or one that needs another.",
  "wrong-name": "A name of a node or variable is not a plain word.",
  "unused-default": "A key in `defaults` is known to no node of the file.",
  "unknown-variable": "`${name}` stands for no variable.",
  "unknown-node": "`$name` refers to no node.",
  cycle: "Nodes wait for each other.",
  "wrong-override": "A `--set` is not written `key=value`.",
  "unclosed-bracket": "A bracket in a prompt is never closed, and stands for itself.",
  "stray-bracket": "A bracket in a prompt closes nothing, and stands for itself.",
  "unknown-wildcard": "`__name__` in a prompt stands for no list of words, or for an empty one.",
  "wildcard-cycle": "Wildcards or variables in a prompt stand for each other in a circle, or for too many in a row.",
  "wrong-tag": "A `<name:…>` in a prompt is not known, or not written as it must be.",
  "syntax-not-read": "Weights and the like in a prompt that `compat` takes as they are written.",
  "lone-weight": "A number behind a colon ends a prompt without `AND`, and is its weight as in A1111.",
  "not-available": "Valid, but this version cannot run it.",
} as const satisfies Record<string, string>;

/** A code of a diagnostic. */
export type DiagnosticCode = keyof typeof diagnosticCodes;
