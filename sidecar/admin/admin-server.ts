import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";

import type { Address } from "../../core/address.ts";
import { messageOf } from "../../core/errors.ts";
import type { Service } from "../../core/lifecycle.ts";
import { ListenError } from "../../core/listen-error.ts";
import type { Logger } from "../../core/log.ts";
import { json, type AdminAnswer } from "./admin-answer.ts";
import type { AdminProviders } from "./admin-providers.ts";
import { answerAdmin } from "./admin-routes.ts";
import { fromOtherSite, isOwnHost } from "./own-host.ts";

/** A probe takes milliseconds; who needs longer to ask holds a connection and nothing else. */
const LONGEST_REQUEST = 5_000;
const MOST_CONNECTIONS = 64;

export interface AdminServerOptions {
  readonly address: Address;
  readonly providers: AdminProviders;
  readonly log: Logger;
}

/**
 * Health, metrics, inspection and a few switches, for the people and the platform on this machine. It is private:
 * nothing protects it but its address, its Host check and that only POST changes something. It stays up through a
 * drain, so that the drain can be watched.
 */
export class AdminServer implements Service {
  readonly name = "admin";
  readonly #address: Address;
  readonly #providers: AdminProviders;
  readonly #log: Logger;
  readonly #server: Server;

  constructor({ address, providers, log }: AdminServerOptions) {
    this.#address = address;
    this.#providers = providers;
    this.#log = log;
    const deadlines = { headersTimeout: LONGEST_REQUEST, requestTimeout: LONGEST_REQUEST };
    this.#server = createServer(
      { ...deadlines, connectionsCheckingInterval: 1_000 },
      (request, response) => void this.#serve(request, response),
    );
    this.#server.maxConnections = MOST_CONNECTIONS;
  }

  /** The port that listens; 0 while none does. */
  get port(): number {
    const bound = this.#server.address();
    return typeof bound === "object" && bound !== null ? bound.port : 0;
  }

  async start(): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    this.#server.once("error", reject);
    this.#server.listen(this.#address.port, this.#address.host, resolve);
    try {
      await promise;
    } catch (error) {
      throw new ListenError("--admin", this.#address, error);
    } finally {
      this.#server.off("error", reject);
    }
  }

  async drain(): Promise<void> {}

  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  /** Never rejects. */
  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // Nothing here reads a body: it is thrown away while it comes.
    request.resume();
    const { status, type, body, allow } = await this.#answer(request);
    response.writeHead(status, {
      "content-type": type,
      "content-length": Buffer.byteLength(body),
      "cache-control": "no-store",
      "x-content-type-options": "nosniff",
      ...(allow === undefined ? {} : { allow }),
    });
    response.end(request.method === "HEAD" ? undefined : body);
  }

  async #answer({ method = "GET", url = "/", headers }: IncomingMessage): Promise<AdminAnswer> {
    if (!isOwnHost(headers.host, this.#address.host)) {
      return json(403, { error: "Host: expected an IP address or localhost" });
    }
    if (fromOtherSite(headers)) return json(403, { error: "not for pages of other sites" });
    try {
      return await answerAdmin(this.#providers, method, url);
    } catch (error) {
      this.#log.error({ err: error, target: url }, "an admin page failed");
      return json(500, { error: messageOf(error) });
    }
  }
}
