// Definition, references, rename and hover at `$0`.
import { expect, test } from "vitest";
import { applyEdits } from "../../../../daemon/src/language/format/index.ts";
import { parse } from "../../../../daemon/src/language/parse.ts";
import { provideDefinition, provideReferences } from "../../../../daemon/src/language/services/provide-definition.ts";
import { provideHover } from "../../../../daemon/src/language/services/provide-hover.ts";
import { prepareRename, provideRename } from "../../../../daemon/src/language/services/provide-rename.ts";
import { provideSignature } from "../../../../daemon/src/language/services/provide-signature.ts";
import { atCursor, facts } from "./facts.ts";

const file = `diffusion: 1
vars:
  place: a lake
  scene: "\${place} at dawn"
workflow:
  draft: {prompt: "\${place}, \${ place }"}
  edges: {task: preprocess, kind: canny, image: $draft}
  final:
    prompt: \${scene} by \${place}
    image: "$draft[0]"
    mask: $edges.mask
`;

/** The file with the cursor behind the n-th time that something stands in it. */
function cursorIn(text: string, part: string, nth = 1): number {
  let at = -1;
  for (let i = 0; i < nth; i++) at = text.indexOf(part, at + 1);
  return at + 1;
}

test.each([
  ["a node, at a reference", "$draft", 1, "draft: {", 3],
  ["a node, at one in quotes", '"$draft', 1, "draft: {", 3],
  ["a node with a part", "$edges", 1, "edges: {", 2],
  ["a node, where it is defined", "draft: {", 1, "draft: {", 3],
  ["a variable", "{place}", 2, "place: a", 5],
  ["a variable with blanks", "{ place }", 1, "place: a", 5],
])("%s", (_, part, nth, defined, count) => {
  const document = parse(file);
  const offset = cursorIn(file, part, nth) + 1;
  const found = provideDefinition(document, offset);
  expect(found && file.slice(found.range.start).startsWith(defined)).toBe(true);
  const places = provideReferences(document, offset);
  expect(places.length).toBe(count);
  expect(new Set(places.map(({ range }) => file.slice(range.start, range.end))).size).toBe(1);
});

test("a rename changes every place and nothing else", () => {
  const document = parse(file);
  const renamed = (part: string, name: string) => {
    const edits = provideRename(document, cursorIn(file, part) + 1, name);
    return "refused" in edits ? edits.refused : applyEdits(file, edits);
  };
  expect(renamed("$draft", "sketch")).toBe(file.replaceAll("draft", "sketch"));
  expect(renamed("place: a", "spot")).toBe(file.replaceAll("place", "spot"));
  expect(renamed("$draft", "edges")).toBe("there is a node `edges` already");
  expect(renamed("$draft", "two words")).toMatch(/a name is a word/);
  expect(renamed("preprocess", "x")).toBe("there is no node or variable here");
  expect(prepareRename(document, cursorIn(file, "$edges") + 2)?.name).toBe("edges");
});

test("what names nothing leads nowhere", () => {
  const text = "diffusion: 1\nworkflow:\n  a: {prompt: x, image: $nothing}\n";
  const offset = text.indexOf("nothing") + 2;
  expect(provideDefinition(parse(text), offset)).toBeUndefined();
  expect(prepareRename(parse(text), offset)).toBeUndefined();
});

const hovers: Readonly<Record<string, readonly [text: string, markdown: RegExp, over: string]>> = {
  "a key": ["diffusion: 1\nst$0eps: 4\n", /Number of denoising steps/, "steps"],
  "a key at the top": ["diffusion: 1\nusage$0: personal\n", /What the results are for/, "usage"],
  "a key in a group": ["diffusion: 1\noutput: {qua$0lity: 4}\n", /output\.quality/, "quality"],
  "a key of an item": ["diffusion: 1\nloras: [{file: a, wei$0ght: 4}]\n", /weight on the denoiser/, "weight"],
  "a key in defaults": ["diffusion: 1\ndefaults: {ra$0nk: 4}\n", /Rank of the adapter/, "rank"],
  "a key in a matrix": ["diffusion: 1\nmatrix: {ste$0ps: [4]}\n", /denoising steps/, "steps"],
  "a word": ["diffusion: 1\nsampler: eul$0er\n", /Euler's method/, "euler"],
  "a number": ["diffusion: 1\nsteps: 4$0\n", /denoising steps/, "4"],
  "a model": ["diffusion: 1\nmodel: vign$0ette\n", /Stable Diffusion 1[^]*128×128[^]*licence: MIT/, "vignette"],
  "a model that is not there": ["diffusion: 1\nmodel: ./lo$0st\n", /there is no model/, "./lost"],
  "a node": [
    "diffusion: 1\nworkflow:\n  ol$0d: {prompt: a boat, count: 3}\n",
    /128×128[^]*results: 3[^]*seed 42[^]*a boat/,
    "old",
  ],
  "a reference": [
    "diffusion: 1\nworkflow:\n  a: {prompt: a boat}\n  b: {prompt: x, image: $$0a}\n",
    /\*\*`a`\*\*[^]*a boat/,
    "a",
  ],
  "a variable": ["diffusion: 1\nvars: {p: a lake}\nprompt: in ${$0p} and ${p}\n", /a lake[^]*Used 2 times/, "p"],
  "a prompt": [
    "diffusion: 1\nvars: {p: a lake}\nprompt: hou$0se in ${p}\n",
    /house in a lake[^]*4\/8 tokens/,
    "house in ${p}",
  ],
  "a weight": ["diffusion: 1\nprompt: a (ho$0use:1.3) b\n", /Weight ×1\.3/, "(house:1.3)"],
  "a weight in quotes": ['diffusion: 1\nprompt: "a (ho$0use:1.3) b"\n', /Weight ×1\.3/, "(house:1.3)"],
  "a weight in a block": ["diffusion: 1\nprompt: |\n  a\n  (ho$0use:1.3) b\n", /Weight ×1\.3/, "(house:1.3)"],
  "a schedule": [
    "diffusion: 1\nprompt: 'a [ca$0t:dog:0.25]'\n",
    /First `cat`, then `dog` after 25 %/,
    "[cat:dog:0.25]",
  ],
  "a choice": ["diffusion: 1\nprompt: a {re$0d|3::blue} b\n", /`red`: 25 %[^]*`blue`: 75 %/, "{red|3::blue}"],
  "an alternation": ["diffusion: 1\nprompt: a [re$0d|blue] b\n", /every step: `red`, `blue`/, "[red|blue]"],
  "a wildcard": [
    "diffusion: 1\nprompt: a __col$0our__ b\n",
    /wildcards\/colour\.txt`, drawn from the seed\.$/,
    "__colour__",
  ],
  "a wildcard that is not there": ["diffusion: 1\nprompt: a __co$0st__ b\n", /no such file/, "__cost__"],
  "a LoRA": ["diffusion: 1\nprompt: a <lora:st$0yle:0.8>\n", /LoRA\*\* `style`[^]*Weight 0\.8/, "<lora:style:0.8>"],
};

test.each(Object.entries(hovers))("hover over %s", (_, [written, markdown, over]) => {
  const { text, offset } = atCursor(written);
  const hover = provideHover(parse(text), offset, facts);
  expect(hover?.markdown).toMatch(markdown);
  expect(hover && text.slice(hover.range.start, hover.range.end)).toBe(over);
});

test.each([
  ["diffusion: 1\n$0\nprompt: x\n"],
  ["diffusion: 1\nno_such_key$0: x\n"],
  ["diffusion: 1\n# a comm$0ent\nprompt: x\n"],
])("nothing to say at %j", (written) => {
  const { text, offset } = atCursor(written);
  expect(provideHover(parse(text), offset, facts)).toBeUndefined();
});

test("the picture of the last run is shown with its node", () => {
  const { text, offset } = atCursor("diffusion: 1\nworkflow:\n  ol$0d: {prompt: x}\n");
  expect(provideHover(parse(text), offset, facts)?.picture).toBe("/pictures/old.png");
});

test.each([
  ["a (ho$0use", "(words:weight)", "words"],
  ["a (house:1$0", "(words:weight)", "weight"],
  ["a [cat:$0", "[from:to:when]", "to"],
  ["a [cat:dog:0$0]", "[from:to:when]", "when"],
  ["a [cat|$0]", "[one|other]", "other"],
  ["a {red$0", "{one|2::other}", "one"],
  ["a {2$$, $$red$0", "{count$$between$$options}", "options"],
  ["a <lora:st$0", "<lora:name:weight>", "name"],
  ["a ((b) and [c:d:1] (e:$0", "(words:weight)", "weight"],
  ["a (house:1.3)$0", undefined, undefined],
  ["a \\(house$0", undefined, undefined],
  ["a ${pla$0", undefined, undefined],
])("the form around %s", (written, label, active) => {
  const { text, offset } = atCursor(`diffusion: 1\nprompt: '${written}'\n`);
  const signature = provideSignature(parse(text), offset);
  expect(signature?.label).toBe(label);
  expect(signature?.parameters[signature.active]?.label).toBe(active);
});

const beacon = "![x](https://example.com/x.png)";

test.each([
  ["a variable's value", `diffusion: 1\nvars: {p: "${beacon}"}\nprompt: \${$0p}\n`],
  ["a variable's name", `diffusion: 1\nvars: {"${beacon}": a}\nprompt: \${$0${beacon}}\n`],
  ["a node's name", `diffusion: 1\nworkflow:\n  "$0${beacon}": {prompt: x}\n`],
  ["a prompt", `diffusion: 1\nprompt: "$0 \`\`\`\\n${beacon}"\n`],
  ["a part of a prompt", `diffusion: 1\nprompt: "{$0a\` ${beacon} \`|b}"\n`],
  ["a LoRA's name", `diffusion: 1\nprompt: "<lora:$0\`${beacon}\`:1>"\n`],
  ["a wrong tag", `diffusion: 1\nprompt: "<what:$0\`${beacon}\`>"\n`],
])("hovering loads no picture that %s names", (_, written) => {
  const { text, offset } = atCursor(written);
  const { markdown } = provideHover(parse(text), offset, facts)!;
  const plain = markdown
    .replace(/^(`{3,})text\n[^]*?\n\1$/gm, "")
    .replace(/(?<!\\)`[^`]*`/g, "")
    .replace(/\\./g, "");
  expect(plain).not.toContain("![");
});
