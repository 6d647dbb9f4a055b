import type { TlsClient } from "../../../core/connections/look-closer.ts";
import { requestTrouble } from "../../../core/connections/request-trouble.ts";
import { unreachable, type ApiError } from "./api-error.ts";
import { ANSWERED } from "./connection-advice.ts";

/** PEM; what a client believes of a server and shows to it. */
export interface ServerTrust {
  /** Undefined: what the system believes. */
  readonly ca?: string | undefined;
  readonly clientCertificate?: { readonly certificate: string; readonly key: string } | undefined;
}

const CONNECT_TIMEOUT = 10_000;

/** A client's connection to its server: by which certificates, and what to make of it when it fails. */
export class ServerConnection {
  readonly #base: URL;
  readonly #tls: TlsClient;
  #answered = false;

  constructor(base: URL, { ca, clientCertificate: own }: ServerTrust) {
    this.#base = base;
    this.#tls = { ca, cert: own?.certificate, key: own?.key };
  }

  /** For undici. */
  get options(): Record<string, string | Buffer | number> {
    const given = Object.entries(this.#tls).filter(([, pem]) => pem !== undefined);
    return { timeout: CONNECT_TIMEOUT, ...Object.fromEntries(given) };
  }

  /** From now on what fails is not for want of a certificate. */
  answered(): void {
    this.#answered = true;
  }

  /** What it means that a request got no answer; looks closer where nothing has ever been answered. */
  async failure(cause: unknown): Promise<ApiError> {
    if (this.#answered) return this.broken(cause);
    const trouble = await requestTrouble(cause, this.#base, this.#tls);
    return unreachable(this.#base, cause, { ...this.#facts, trouble });
  }

  /** The same of one that was open, by its error alone. */
  broken(cause: unknown): ApiError {
    return unreachable(this.#base, cause, this.#facts);
  }

  get #facts() {
    if (this.#answered || this.#base.protocol === "http:") return ANSWERED;
    const { ca, cert } = this.#tls;
    return { authority: ca !== undefined, certificate: cert === undefined ? "none" : "shown" } as const;
  }
}
