// Names of nodes and variables: plain words.
import { namePattern } from "../../../schemas/document/index.ts";
import type { PairAst } from "./ast.ts";
import { keyText } from "./ast.ts";
import type { Report } from "./diagnostics.ts";

const expression = new RegExp(namePattern);

/** Reports a name that is not a plain word. `kind` says what it names: "a node", "a variable". */
export function checkName(pair: PairAst, kind: string, report: Report): void {
  const name = keyText(pair);
  if (expression.test(name)) return;
  const message = `${kind}'s name is a word of at most 64 letters, digits, \`_\` and \`-\`, not \`${name.slice(0, 80)}\``;
  report({ code: "wrong-name", message, range: pair.key.range });
}
