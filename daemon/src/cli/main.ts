// The entry of the command: finds the command that is meant, runs it, and ends with its status.
import { rmSync } from "node:fs";
import { DiffusionError } from "../base/errors.ts";
import { unfinishedFiles } from "../base/files.ts";
import { version } from "../base/install.ts";
import { nearest } from "../language/nearest.ts";
import type { Command } from "./command.ts";
import { readCommandLine } from "./command-line.ts";
import { COMMANDS, LATER } from "./commands.ts";
import type { ExitStatus } from "./exit-status.ts";
import { reportFailure } from "./failure.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { print, printProblem } from "./output.ts";

async function main(args: readonly string[]): Promise<ExitStatus> {
  const [first] = args;
  if (first === undefined) {
    printProblem(generalHelp());
    return 2;
  }
  if (first === "--help" || first === "-h") print(generalHelp());
  else if (first === "--version") print(`diffusion ${version}`);
  else return await runCommand(args);
  return 0;
}

async function runCommand(args: readonly string[]): Promise<ExitStatus> {
  const command = findCommand(args);
  const line = readCommandLine(command, args.slice(command.name.split(" ").length));
  if (line.has("help")) {
    print(commandHelp(command));
    return 0;
  }
  const execute = await command.load();
  return execute(line);
}

/** @throws DiffusionError `arguments`, `not-available` */
function findCommand([first = "", second]: readonly string[]): Command {
  const said = [first, `${first} ${second ?? ""}`];
  const found = COMMANDS.find(({ name }) => said.includes(name));
  if (found) return found;
  const later = LATER.find((name) => said.includes(name));
  if (later !== undefined)
    throw new DiffusionError("not-available", `\`diffusion ${later}\` is not available in this version`);
  const names = COMMANDS.map(({ name }) => name);
  const inGroup = names.filter((name) => name.startsWith(`${first} `));
  if (inGroup.length > 0)
    throw new DiffusionError(
      "arguments",
      `\`diffusion ${first}\` is followed by ${inGroup.map((name) => `\`${name.slice(first.length + 1)}\``).join(", ")}`,
    );
  const meant = nearest(first, [...names, "--help", "--version"]);
  const hint = meant === undefined ? `there are ${names.join(", ")}` : `did you mean \`${meant}\`?`;
  throw new DiffusionError("arguments", `there is no command \`${first}\`; ${hint}`);
}

/** Ends this process; what only makes sense while it lives goes with it. */
function leaveNothingUnfinished(): void {
  process.on("exit", () => {
    for (const file of unfinishedFiles()) rmSync(file, { force: true });
  });
}

/** A reader that stops reading (`| head`) is no failure. */
function endQuietlyWithReader(): void {
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(0);
  });
}

const args = process.argv.slice(2);
const report = (error: unknown): ExitStatus => reportFailure(error, args.includes("--json"));

if (process.env.DIFFUSION_DEBUG) process.setSourceMapsEnabled(true);
leaveNothingUnfinished();
endQuietlyWithReader();
process.on("uncaughtException", (error) => process.exit(report(error)));
process.exitCode = await main(args).catch(report);
