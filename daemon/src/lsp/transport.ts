// How an editor reaches the language server: standard input and output, Node's messages between processes, or a socket.
import {
  type Connection,
  createConnection,
  createServerSocketTransport,
  IPCMessageReader,
  IPCMessageWriter,
  ProposedFeatures,
} from "vscode-languageserver/node";

/** A way to be reached. The socket is the editor's, which waits for us at a port of this machine. */
export type Transport = { readonly kind: "stdio" | "node-ipc" } | { readonly kind: "socket"; readonly port: number };

/** Connects to the editor. This process ends with the connection. */
export function connect(transport: Transport): Connection {
  switch (transport.kind) {
    case "stdio":
      return createConnection(ProposedFeatures.all, process.stdin, process.stdout);
    case "node-ipc":
      process.once("disconnect", () => process.exit(1));
      return createConnection(ProposedFeatures.all, new IPCMessageReader(process), new IPCMessageWriter(process));
    case "socket": {
      const [reader, writer] = createServerSocketTransport(transport.port);
      reader.onClose(() => process.exit(1));
      return createConnection(ProposedFeatures.all, reader, writer);
    }
  }
}
