import { once } from "node:events";
import { createServer, type AddressInfo, type ListenOptions, type Server, type Socket } from "node:net";

/**
 * Node accepts one connection for each listening socket and turn of the event loop. With one socket a busy sidecar,
 * whose turns take 10 ms, took 80 connections a second, and new clients waited for seconds (measured with 1,000). On one
 * port there can be several where the kernel deals connections out among them, which Node offers on Linux.
 */
const SOCKETS = process.platform === "linux" ? 16 : 1;

/**
 * Connections that the kernel completes before they are accepted, for each socket; it allows net.core.somaxconn at most.
 * A client whose connection finds no room takes itself for connected, and is served a second or more later.
 */
const BACKLOG = 4_096;

interface Where {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/** All that listens on one port of a listener. */
export class ListeningSockets {
  readonly #servers: readonly Server[];
  readonly #acceptFailed: (error: Error) => void;

  /** `acceptFailed`: EMFILE and its like; the connection is lost, the others go on. */
  constructor(accept: (socket: Socket) => void, acceptFailed: (error: Error) => void) {
    this.#acceptFailed = acceptFailed;
    // A client that has said all it wants to say still gets its answer.
    const options = { allowHalfOpen: true, noDelay: true };
    this.#servers = Array.from({ length: SOCKETS }, () => createServer(options, accept));
  }

  /** Where it listens; undefined while it does not. */
  get address(): AddressInfo | undefined {
    const address = this.#servers[0]?.address();
    return typeof address === "object" && address !== null ? address : undefined;
  }

  /** `shared`: other processes listen on the port too. Rejects with the system's error, and listens nowhere then. */
  async listen({ host, port }: Where, shared: boolean): Promise<void> {
    const reusePort = shared || SOCKETS > 1;
    // Sockets that may share a port share it with those of another sidecar as well, which must be told instead.
    if (reusePort && !shared && port !== 0) await refuseTaken({ host, port });
    try {
      for (const server of this.#servers) {
        await listening(server, { host, port: this.address?.port ?? port, reusePort, backlog: BACKLOG });
        // It accepts already, while the others do not listen yet.
        server.on("error", this.#acceptFailed);
      }
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Takes no further connections. */
  close(): void {
    for (const server of this.#servers) if (server.listening) server.close();
  }

  /** The same; resolves when all that were accepted are closed, or at once where nothing listened any more. */
  async closed(): Promise<void> {
    const closing = this.#servers.filter(({ listening: isListening }) => isListening);
    await Promise.all(closing.map(async (server) => once(server.close(), "close")));
  }
}

async function listening(server: Server, options: ListenOptions): Promise<void> {
  server.listen(options);
  await once(server, "listening");
}

async function refuseTaken(where: Where): Promise<void> {
  const probe = createServer();
  await listening(probe, where);
  await once(probe.close(), "close");
}
