// `diffusion lsp`: the language server, for editors.
import { DiffusionError } from "../../base/errors.ts";
import { keepHeapSmall } from "../../lsp/memory.ts";
import { serve } from "../../lsp/server.ts";
import { connect, type Transport } from "../../lsp/transport.ts";
import type { CommandLine } from "../command.ts";
import type { ExitStatus } from "../exit-status.ts";

/** Serves until the editor says `exit`, which ends this process. @throws DiffusionError `arguments` */
export function lsp(line: CommandLine): Promise<ExitStatus> {
  keepHeapSmall();
  serve(connect(transportOf(line)));
  return new Promise<never>(() => {
    // never settles: the connection keeps the process alive and ends it
  });
}

function transportOf(line: CommandLine): Transport {
  const given = ["stdio", "node-ipc", "socket"].filter((name) => line.has(name));
  if (given.length > 1)
    throw new DiffusionError("arguments", `--${given[0]!} and --${given[1]!} are two ways to connect; give one`);
  if (line.has("node-ipc")) {
    if (process.send) return { kind: "node-ipc" };
    throw new DiffusionError("arguments", "--node-ipc is for a process that Node.js forked; use --stdio");
  }
  const socket = line.value("socket");
  if (socket === undefined) return { kind: "stdio" };
  const port = Number(socket);
  if (Number.isInteger(port) && port > 0 && port < 65_536) return { kind: "socket", port };
  throw new DiffusionError("arguments", `--socket takes the number of a port, not ${socket}`);
}
