// Reads the words after a command's name: options in any order, before or after the operands, as `--set a=b` or `--set=a=b`.
import { parseArgs } from "node:util";
import { DiffusionError } from "../base/errors.ts";
import { nearest } from "../language/nearest.ts";
import type { Command, CommandLine } from "./command.ts";

const HELP = { help: { type: "boolean", short: "h" } } as const;

/** @throws DiffusionError `arguments` naming the nearest option; `not-available` for options of later versions */
export function readCommandLine(command: Command, args: readonly string[]): CommandLine {
  const options = Object.fromEntries(
    Object.entries(command.options).map(([name, { value }]) => [
      name,
      { type: value === undefined ? ("boolean" as const) : ("string" as const), multiple: true },
    ]),
  );
  const { values, positionals, tokens } = parseArgs({
    args: [...args],
    options: { ...options, ...HELP },
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of tokens) if (token.kind === "option") checkOption(command, token);
  const line: CommandLine = {
    operands: positionals,
    has: (name) => values[name] !== undefined,
    value: (name) => (values[name] as string[] | undefined)?.at(-1),
    values: (name) => (values[name] as string[] | undefined) ?? [],
  };
  if (!line.has("help")) checkOperands(command, positionals);
  return line;
}

/** The option's value is absent where none was written. */
function checkOption(command: Command, { name, rawName, value }: OptionToken): void {
  if (name === "help") return;
  const option = Object.hasOwn(command.options, name) ? command.options[name] : undefined;
  if (!option) throw unknownOption(command, name, rawName);
  if (option.value !== undefined && value === undefined)
    throw new DiffusionError("arguments", `${rawName} needs a value: ${rawName} ${option.value}`);
  if (option.value === undefined && value !== undefined)
    throw new DiffusionError("arguments", `${rawName} is a switch and takes no value`);
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
}

function unknownOption(command: Command, name: string, rawName: string): DiffusionError {
  if (command.later?.includes(name))
    return new DiffusionError(
      "not-available",
      `\`diffusion ${command.name} ${rawName}\` is not available in this version`,
    );
  const names = [...Object.keys(command.options), "help"];
  const meant = nearest(name, names);
  const hint =
    meant === undefined ? `it has ${names.map((known) => `--${known}`).join(", ")}` : `did you mean \`--${meant}\`?`;
  return new DiffusionError("arguments", `\`diffusion ${command.name}\` has no option \`${rawName}\`; ${hint}`);
}

function checkOperands({ name, operands }: Command, given: readonly string[]): void {
  if (given.length < operands.atLeast)
    throw new DiffusionError(
      "arguments",
      `\`diffusion ${name}\` needs ${operands.name}; see \`diffusion ${name} --help\``,
    );
  if (given.length > operands.atMost)
    throw new DiffusionError(
      "arguments",
      `\`diffusion ${name}\` takes ${operands.atMost === 0 ? "nothing" : `one ${operands.name}`}; \`${given[operands.atMost]!}\` is too much`,
    );
}
