// Code lenses over every node: run, cancel, history.
import type { ParseResult } from "../parse.ts";
import type { Range } from "../source.ts";
import type { Facts } from "./facts.ts";

/** A command over a line. It is called with the file and the name of the node. */
export interface CodeLens {
  readonly range: Range;
  readonly title: string;
  readonly command: "diffusion.run" | "diffusion.cancel" | "diffusion.history";
  readonly node: string;
}

/** The lenses of all nodes; none in a text that is no document. */
export function provideCodeLenses({ nodes }: ParseResult, facts: Facts): CodeLens[] {
  return nodes.flatMap(({ name, nameRange }): CodeLens[] => {
    const lens = { range: nameRange, node: name };
    const isRunning = facts.job?.(name)?.state === "running";
    const first: CodeLens = isRunning
      ? { ...lens, title: "⏹ Cancel", command: "diffusion.cancel" }
      : { ...lens, title: "▶ Run", command: "diffusion.run" };
    return [first, { ...lens, title: "History", command: "diffusion.history" }];
  });
}
