// Signature help: how the bracket around the cursor is written, and which of its parts is being written.
import type { ParseResult } from "../parse.ts";
import { itemsIn } from "./items.ts";
import { isPrompt } from "./prompts.ts";

/** A form of the prompt language. */
export interface Signature {
  readonly label: string;
  readonly documentation: string;
  /** Each is a part of the label. */
  readonly parameters: readonly { readonly label: string; readonly documentation: string }[];
  /** The one that is being written. */
  readonly active: number;
}

/** The form around an offset in a prompt; nothing outside brackets. */
export function provideSignature(document: ParseResult, offset: number): Signature | undefined {
  const item = itemsIn(document, { start: Math.max(0, offset - 1), end: offset }).at(-1);
  if (item?.kind !== "scalar" || !isPrompt(item.path)) return undefined;
  const before = document.text.slice(item.range.start, offset);
  const open = openBracket(before);
  return open && signatureOf(before.slice(open.at), open.bracket);
}

const closing: Readonly<Record<string, string>> = { ")": "(", "]": "[", "}": "{", ">": "<" };

/** The last bracket that is still open at the end of a text. */
function openBracket(text: string): { bracket: string; at: number } | undefined {
  const open: { bracket: string; at: number }[] = [];
  for (let at = 0; at < text.length; at++) {
    const c = text[at]!;
    if (c === "\\") at++;
    else if ("([{".includes(c) || (c === "<" && /^<\w*:?/.test(text.slice(at)))) open.push({ bracket: c, at });
    else if (closing[c] !== undefined && open.at(-1)?.bracket === closing[c]) open.pop();
  }
  const last = open.at(-1);
  return last && text[last.at - 1] === "$" ? undefined : last;
}

function signatureOf(written: string, bracket: string): Signature | undefined {
  const inner = atDepth(written.slice(1));
  if (bracket === "(") return { ...weight, active: inner.includes(":") ? 1 : 0 };
  if (bracket === "{")
    return inner.includes("$$")
      ? { ...several, active: Math.min(2, inner.split("$$").length - 1) }
      : { ...choice, active: inner.split("|").length > 1 ? 1 : 0 };
  if (bracket === "<") return { ...lora, active: Math.min(2, inner.split(":").length - 1) };
  if (inner.includes("|")) return { ...alternation, active: 1 };
  return { ...schedule, active: Math.min(2, inner.split(":").length - 1) };
}

/** A text without what stands in closed brackets. */
function atDepth(text: string): string {
  let plain = text;
  for (let last = ""; last !== plain;) {
    last = plain;
    plain = plain.replace(/[([{<][^()[\]{}<>]*[)\]}>]/g, "");
  }
  return plain;
}

type Form = Omit<Signature, "active">;

const weight: Form = {
  label: "(words:weight)",
  documentation: "Words that count more or less.",
  parameters: [
    { label: "words", documentation: "What is weighed." },
    { label: "weight", documentation: "1 is as usual, 1.3 is more. Without it 1.1." },
  ],
};
const schedule: Form = {
  label: "[from:to:when]",
  documentation: "Words that change while the picture is made.",
  parameters: [
    { label: "from", documentation: "What is there first." },
    { label: "to", documentation: "What comes instead." },
    { label: "when", documentation: "A share of the steps such as 0.5, or a number of steps." },
  ],
};
const alternation: Form = {
  label: "[one|other]",
  documentation: "Another one in every step.",
  parameters: [
    { label: "one", documentation: "In the first step." },
    { label: "other", documentation: "In the next." },
  ],
};
const choice: Form = {
  label: "{one|2::other}",
  documentation: "One of several, drawn from the seed.",
  parameters: [
    { label: "one", documentation: "An option." },
    { label: "2::other", documentation: "Another option; a number before `::` makes it likelier." },
  ],
};
const several: Form = {
  label: "{count$$between$$options}",
  documentation: "Several of many, drawn from the seed.",
  parameters: [
    { label: "count", documentation: "How many: `2`, or `1-3`." },
    { label: "between", documentation: "What stands between them." },
    { label: "options", documentation: "`a|b|c`" },
  ],
};
const lora: Form = {
  label: "<lora:name:weight>",
  documentation: "An adapter laid over the model.",
  parameters: [
    { label: "lora", documentation: "`lora` or `embedding`." },
    { label: "name", documentation: "The file's name, without its ending." },
    { label: "weight", documentation: "How strongly it counts." },
  ],
};
