// Help texts, from the table of commands.
import type { Command, Option } from "./command.ts";
import { COMMANDS } from "./commands.ts";

/** `diffusion --help` */
export function generalHelp(): string {
  const width = Math.max(...COMMANDS.map(({ name }) => name.length));
  const list = COMMANDS.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`);
  return `Makes pictures from .diffusion files, on this machine.

Usage: diffusion COMMAND …

Commands:
${list.join("\n")}

Options:
  -h, --help  show this, or the help of a command
  --version   show the version

The shortest useful file has two lines:
  diffusion: 1
  prompt: a serene mountain landscape at sunset
Save it as first.diffusion, and run it:
  diffusion run first.diffusion`;
}

/** `diffusion COMMAND --help` */
export function commandHelp(command: Command): string {
  const { name, summary, options, details } = command;
  const written = Object.entries(options).map(([key, option]) => [spelled(key, option), option.help] as const);
  const rows = [...written, ["-h, --help", "show this"] as const];
  const width = Math.max(...rows.map(([left]) => left.length));
  const usage = ["diffusion", name, operandUsage(command), ...Object.entries(options).map(optionUsage)];
  return `${summary[0]!.toUpperCase()}${summary.slice(1)}.

Usage: ${usage.filter((word) => word !== "").join(" ")}

Options:
${rows.map(([left, right]) => `  ${left.padEnd(width)}  ${right}`).join("\n")}

${details}`;
}

const operandUsage = ({ operands }: Command): string => operands.name + (operands.atMost === Infinity ? "…" : "");

const spelled = (key: string, { value }: Option): string => `--${key}${value === undefined ? "" : ` ${value}`}`;

const optionUsage = ([key, option]: [string, Option]): string =>
  `[${spelled(key, option)}]${option.repeats ? "…" : ""}`;
