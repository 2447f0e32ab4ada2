// What a command is: its words, its options, its help, and the code that runs it, loaded when it is called.
import type { ExitStatus } from "./exit-status.ts";

export interface Option {
  /** the placeholder of its value in the help; absent for a switch */
  readonly value?: string;
  readonly repeats?: boolean;
  readonly help: string;
}

export interface Operands {
  /** the placeholder in the help */
  readonly name: string;
  readonly atLeast: number;
  readonly atMost: number;
}

export interface Command {
  /** `run`, `models info` */
  readonly name: string;
  /** one line for the list of commands */
  readonly summary: string;
  readonly operands: Operands;
  readonly options: Readonly<Record<string, Option>>;
  /** Options that a later version will have, and what to do until then. */
  readonly later?: readonly string[];
  /** paragraphs below the options, with examples */
  readonly details: string;
  readonly load: () => Promise<(line: CommandLine) => Promise<ExitStatus>>;
}

/** What stands on the command line after the command's name. */
export interface CommandLine {
  readonly operands: readonly string[];
  /** Whether a switch is given. */
  has(name: string): boolean;
  /** The value of an option; of one that is given twice, the last. */
  value(name: string): string | undefined;
  /** The values of an option that repeats. */
  values(name: string): readonly string[];
}
