// Completion at `$0`: what is proposed, in which order, and what a proposal makes of the text.
import { expect, test } from "vitest";
import { parse } from "../../../../daemon/src/language/parse.ts";
import { provideCompletion, resolveProposal } from "../../../../daemon/src/language/services/provide-completion.ts";
import { atCursor, facts } from "./facts.ts";

interface Case {
  readonly text: string;
  /** All proposals, in order. */
  readonly all?: readonly string[];
  /** The first proposals, in order. */
  readonly first?: readonly string[];
  readonly has?: readonly string[];
  readonly lacks?: readonly string[];
  /** A proposal, and the text when it is taken. */
  readonly taken?: readonly [label: string, text: string];
}

const flow = "diffusion: 1\nworkflow:\n  a: {task: image, prompt: x}\n";

const cases: Readonly<Record<string, Case>> = {
  "an empty file": {
    text: "$0",
    first: ["diffusion", "prompt"],
    has: ["workflow", "vars", "steps"],
    taken: ["diffusion", "diffusion: 1"],
  },
  "keys that are not there yet": {
    text: "diffusion: 1\nprompt: a lake\nst$0\nseed: 1\n",
    has: ["steps", "strength", "title"],
    lacks: ["prompt", "seed", "diffusion", "workflow"],
    taken: ["steps", "diffusion: 1\nprompt: a lake\nsteps: \nseed: 1\n"],
  },
  "a key that has its colon": { text: "diffusion: 1\nst$0: 4\n", taken: ["steps", "diffusion: 1\nsteps: 4\n"] },
  "the keys of a task": {
    text: "diffusion: 1\nworkflow:\n  up:\n    task: upscale\n    $0\n",
    first: ["image"],
    has: ["scale"],
    lacks: ["prompt", "task", "title"],
  },
  "a task from defaults": {
    text: "diffusion: 1\ndefaults: {task: upscale}\nworkflow:\n  up:\n    $0\n",
    has: ["scale"],
    lacks: ["prompt"],
  },
  "only the file's keys beside a workflow": { text: `${flow}$0`, all: ["title", "usage", "vars", "defaults"] },
  "no keys among the nodes": { text: "diffusion: 1\nworkflow:\n  $0\n", all: [] },
  "keys in brackets": {
    text: "diffusion: 1\nworkflow:\n  a: {prompt: x, st$0}\n",
    has: ["steps"],
    lacks: ["prompt"],
    taken: ["steps", "diffusion: 1\nworkflow:\n  a: {prompt: x, steps: }\n"],
  },
  "keys in brackets, those behind known": {
    text: "diffusion: 1\nworkflow:\n  a: {$0, prompt: x, steps: 4}\n",
    lacks: ["prompt", "steps"],
  },
  "keys in brackets over lines": {
    text: "diffusion: 1\nprompt: x\noutput: {\n  name: a,\n  $0\n}\n",
    all: ["format", "quality", "metadata"],
  },
  "keys of a group": {
    text: "diffusion: 1\nprompt: x\noutput:\n  name: a\n  $0\n",
    all: ["format", "quality", "metadata"],
  },
  "keys of an item": {
    text: "diffusion: 1\nprompt: x\nloras:\n  - file: ./a.safetensors\n    $0\n",
    all: ["weight", "text_weight", "start", "end"],
  },
  "keys of an item at the column of its list": {
    text: "diffusion: 1\nprompt: x\nloras:\n- file: ./a.safetensors\n- $0\n",
    first: ["file"],
  },
  "keys of a matrix": {
    text: "diffusion: 1\nprompt: x\nmatrix:\n  $0\n",
    has: ["seed", "steps"],
    lacks: ["task", "count", "output"],
  },
  "keys of defaults": {
    text: "diffusion: 1\ndefaults:\n  $0\nprompt: x\n",
    has: ["steps", "model"],
    lacks: ["title", "scale"],
  },
  words: {
    text: "diffusion: 1\nprompt: x\nsampler: $0\n",
    first: ["euler", "euler_ancestral"],
    taken: ["ddim", "diffusion: 1\nprompt: x\nsampler: ddim\n"],
  },
  "words over what is written": {
    text: "diffusion: 1\nprompt: x\nsampler: dd$0pm\n",
    taken: ["ddim", "diffusion: 1\nprompt: x\nsampler: ddim\n"],
  },
  "words in quotes": {
    text: 'diffusion: 1\nprompt: x\nsampler: "dd$0"\n',
    taken: ["ddim", 'diffusion: 1\nprompt: x\nsampler: "ddim"\n'],
  },
  "words on the next line": { text: "diffusion: 1\nprompt: x\nsampler:\n  e$0\n", has: ["euler"] },
  "samplers that fit the model": {
    text: "diffusion: 1\nprompt: x\nmodel: ./flow\nsampler: $0\n",
    all: ["euler", "heun"],
  },
  schedulers: { text: "diffusion: 1\nprompt: x\nscheduler: $0\n", first: ["default", "karras"] },
  tasks: { text: "diffusion: 1\nprompt: x\ntask: $0\n", first: ["image", "edit"] },
  flags: { text: "diffusion: 1\nworkflow:\n  a: {task: speech, consent: $0}\n", all: ["true", "false"] },
  "what the model advises": { text: "diffusion: 1\nprompt: x\nsteps: $0\n", first: ["20"] },
  "the model's size": { text: "diffusion: 1\nprompt: x\nsize: $0\n", first: ["128x128"] },
  models: {
    text: "diffusion: 1\nprompt: x\nmodel: $0\n",
    first: ["vignette", "./flow", "./models", "./b.safetensors"],
    lacks: ["./notes.txt"],
  },
  "files of a kind": {
    text: "diffusion: 1\nprompt: x\nimage: $0\n",
    all: ["./models/", "./a.png"],
    taken: ["./a.png", "diffusion: 1\nprompt: x\nimage: ./a.png\n"],
  },
  "files of a folder": { text: "diffusion: 1\nprompt: x\nimage: ./models/$0\n", all: ["./models/x/"] },
  "results of other nodes": {
    text: `${flow}  b:\n    prompt: x\n    image: $0\n`,
    first: ["$a"],
    lacks: ["$b"],
    taken: ["$a", `${flow}  b:\n    prompt: x\n    image: $a\n`],
  },
  "a result that is begun": {
    text: `${flow}  b: {prompt: x, image: $$0}\n`,
    taken: ["$a", `${flow}  b: {prompt: x, image: $a}\n`],
  },
  variables: {
    text: "diffusion: 1\nvars: {place: a lake, time: dawn}\nprompt: ${$0\n",
    all: ["place", "time"],
    taken: ["time", "diffusion: 1\nvars: {place: a lake, time: dawn}\nprompt: ${time}\n"],
  },
  "a variable over another": {
    text: "diffusion: 1\nvars: {place: a lake}\nprompt: a ${pl$0ce} b\n",
    taken: ["place", "diffusion: 1\nvars: {place: a lake}\nprompt: a ${place} b\n"],
  },
  wildcards: {
    text: "diffusion: 1\nprompt: a __$0\n",
    all: ["colour", "places/"],
    taken: ["colour", "diffusion: 1\nprompt: a __colour__\n"],
  },
  "wildcards of a folder": { text: "diffusion: 1\nprompt: a __places/$0\n", all: ["places/town"] },
  "nothing in a prompt": { text: "diffusion: 1\nprompt: a $0lake\n", all: [] },
  "nothing in a block of text": { text: "diffusion: 1\nprompt: |\n  a lake\n  st$0\nsteps: 4\n", all: [] },
  "nothing in a comment": { text: "diffusion: 1 # $0\n", all: [] },
  "lines of Windows": {
    text: "diffusion: 1\r\nprompt: x\r\nsampler: $0\r\nsteps: 4\r\n",
    taken: ["ddim", "diffusion: 1\r\nprompt: x\r\nsampler: ddim\r\nsteps: 4\r\n"],
  },
};

test.each(Object.entries(cases))("%s", (_, { text: written, all, first, has = [], lacks = [], taken }) => {
  const { text, offset } = atCursor(written);
  const proposals = provideCompletion(parse(text), text, offset, facts).toSorted((a, b) => a.order - b.order);
  const labels = proposals.map(({ label }) => label);
  if (all) expect(labels).toEqual(all);
  if (first) expect(labels.slice(0, first.length)).toEqual(first);
  for (const label of has) expect(labels).toContain(label);
  for (const label of lacks) expect(labels).not.toContain(label);
  if (!taken) return;
  const { range, newText } = proposals.find(({ label }) => label === taken[0])!;
  expect(text.slice(0, range.start) + newText.replace("${1}", "") + text.slice(range.end)).toBe(taken[1]);
});

test("the names are those of the last reading when the text cannot be read", () => {
  const { text, offset } = atCursor("diffusion: 1\nvars: {place: a lake}\nprompt: [${$0");
  const before = parse("diffusion: 1\nvars: {place: a lake}\nprompt: x\n");
  expect(provideCompletion(before, text, offset, facts).map(({ label }) => label)).toEqual(["place"]);
});

test("a proposal is described when it is asked for", () => {
  expect(resolveProposal({ task: "image", path: ["steps"] })).toContain("Number of denoising steps");
  expect(resolveProposal({ task: "image", path: ["sampler"], word: "lcm" })).toContain("latent consistency");
  expect(resolveProposal({ path: ["usage"], word: "commercial" })).toContain("For money");
  expect(resolveProposal({ path: ["no_such_key"] })).toBeUndefined();
});
