// The ways to reach the language server beside standard input and output, and what its bundle loads.
import { build } from "esbuild";
import { fork, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import {
  createProtocolConnection,
  IPCMessageReader,
  IPCMessageWriter,
  type InitializeResult,
  SocketMessageReader,
  SocketMessageWriter,
} from "vscode-languageserver-protocol/node";

const source = (path: string): string => fileURLToPath(new URL(`../../../daemon/src/${path}`, import.meta.url));
const main = source("cli/main.ts");
const hello = { processId: null, rootUri: null, capabilities: {} };

test("messages between processes of Node.js", async () => {
  const child = fork(main, ["lsp", "--node-ipc", `--clientProcessId=${process.pid}`]);
  const connection = createProtocolConnection(new IPCMessageReader(child), new IPCMessageWriter(child));
  connection.listen();
  const { serverInfo } = await connection.sendRequest<InitializeResult>("initialize", hello);
  expect(serverInfo?.name).toBe("diffusion");
  const ended = once(child, "exit");
  child.disconnect();
  expect(await ended).toEqual([1, null]);
});

test("a socket of the editor", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const child = spawn(process.execPath, [main, "lsp", `--socket=${port}`]);
  const [socket] = (await once(server, "connection")) as [Socket];
  const connection = createProtocolConnection(new SocketMessageReader(socket), new SocketMessageWriter(socket));
  connection.listen();
  const { serverInfo } = await connection.sendRequest<InitializeResult>("initialize", hello);
  expect(serverInfo?.name).toBe("diffusion");
  await connection.sendRequest("shutdown");
  const ended = once(child, "exit");
  await connection.sendNotification("exit");
  expect(await ended).toEqual([0, null]);
  server.close();
});

test.each([
  [["--socket", "a"], "--socket takes the number of a port, not a"],
  [["--stdio", "--socket", "7"], "--stdio and --socket are two ways to connect; give one"],
  [["--node-ipc"], "--node-ipc is for a process that Node.js forked"],
])("%j is refused", async (args, message) => {
  const child = spawn(process.execPath, [main, "lsp", ...args]);
  let said = "";
  child.stderr.on("data", (data: Buffer) => (said += data.toString()));
  expect(await once(child, "close")).toEqual([2, null]);
  expect(said).toContain(message);
});

test("the bundle of the language server has neither the engine nor the picture library in it", async () => {
  const { metafile } = await build({
    entryPoints: [source("cli/commands/lsp.ts")],
    bundle: true,
    splitting: true,
    format: "esm",
    platform: "node",
    external: ["onnxruntime-node", "sharp"],
    outdir: "nowhere",
    write: false,
    metafile: true,
    logLevel: "error",
  });
  const outside = Object.values(metafile.outputs).flatMap(({ imports }) => imports.filter((each) => each.external));
  const packages = new Set(
    outside.map(({ path }) => path).filter((path) => ["onnxruntime-node", "sharp"].includes(path)),
  );
  expect([...packages]).toEqual([]);
  const inputs = Object.keys(metafile.inputs).map((path) => path.replace(/^.*daemon\/src\//, ""));
  expect(inputs.some((path) => path.startsWith("lsp/"))).toBe(true);
  expect(inputs.filter((path) => path.startsWith("runtime/") || path.startsWith("pipelines/"))).toEqual([]);
});
