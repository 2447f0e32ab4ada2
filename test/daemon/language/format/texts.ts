// Texts for the formatter's tests: every fixture and example, and mutants of them from a seed.
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../../", import.meta.url));

/** Every .diffusion file of the repository's fixtures and examples, by its path. */
export const texts: Readonly<Record<string, string>> = Object.fromEntries(
  ["test/language", "media/examples"].flatMap((folder) =>
    readdirSync(root + folder, { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".diffusion"))
      .map((name) => [`${folder}/${name}`, readFileSync(`${root}${folder}/${name}`, "utf8")]),
  ),
);

const splinters = [
  ...Array.from("[]{},:#&*!|>'\"%@`-?\\ \t\n\r\uFEFF\u2028$"),
  "- ", ": ", "? ", "&a ", "*a", "---\n", "...\n", "${x}", "workflow:\n", " # c\n", "\r\n", "\n\n\n", "    ",
  "  - a: |\n      x\n", "k: |2+\n    x\n\n", "k: >\n\n   a\n     b\n\n\n", "k: 'a\n\n  b'\n", 'k: "a \\  \n   b\\\n c"\n',
  "a:\n- b\n-  c: 1\n   d: 2\n", "{a : 1,b: [x,\n y]}", "  # deep\n",
]; // prettier-ignore

/** Mutants of the texts, the same for the same seed (mulberry32). */
export function* mutants(count: number, seed: number): Generator<string> {
  let state = seed;
  const random = (n: number): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % n;
  };
  const originals = Object.values(texts);
  for (let i = 0; i < count; i++) yield mutate(originals[random(originals.length)]!, random);
}

function mutate(text: string, random: (n: number) => number): string {
  let mutant = text;
  for (let edits = 1 + random(6); edits > 0; edits--) {
    const at = random(mutant.length + 1);
    const kind = random(4);
    const cut = kind === 0 ? random(20) : kind === 1 ? 1 : 0;
    const copied = text.slice(random(text.length), random(text.length)).slice(0, 200);
    const piece = kind === 0 ? "" : kind === 3 ? copied : splinters[random(splinters.length)]!;
    mutant = mutant.slice(0, at) + piece + mutant.slice(at + cut);
  }
  return mutant;
}
