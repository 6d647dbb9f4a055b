import { addAbortListener } from "node:events";
import { isIP } from "node:net";
import { connect, type TLSSocket } from "node:tls";

import type { Address } from "../address.ts";
import { troubleOf, type ConnectionTrouble, type TroubleKind } from "./connection-trouble.ts";

/** PEM; undefined: as the system has it, or none. */
export interface TlsClient {
  readonly ca: string | Buffer | undefined;
  readonly cert: string | Buffer | undefined;
  readonly key: string | Buffer | undefined;
}

interface FailedConnection extends Address {
  /** Undefined: TLS was not begun. */
  readonly tls: TlsClient | undefined;
  /** What is spoken there. */
  readonly protocol: "http/1.1" | "h2";
  readonly signal?: AbortSignal;
}

/** ms in which a server that closes the connection has done so. */
const PATIENCE = 2_000;

/**
 * Why a connection failed whose own error does not tell: connects once more, says nothing and waits what becomes of it.
 * A client that has begun to speak may lose the alert with which a server ends its connection, and one without TLS gets
 * none. Undefined: nothing is wrong with the connection, as far as that shows. Never rejects.
 */
export async function lookCloser(failed: FailedConnection): Promise<ConnectionTrouble | undefined> {
  const { tls, signal } = failed;
  const socket = open(failed);
  const { promise, resolve } = Promise.withResolvers<ConnectionTrouble | undefined>();
  using _aborted = signal === undefined ? undefined : addAbortListener(signal, () => resolve(undefined));
  // A handshake that is done and then closed on who has shown a certificate.
  let refusal: ConnectionTrouble | undefined;
  socket.on("secureConnect", () => {
    if (tls === undefined) resolve({ kind: "speaks-tls" });
    else if (tls.cert !== undefined) refusal = { kind: "certificate-refused" };
  });
  socket.on("data", () => resolve(undefined));
  socket.on("error", (error) => resolve(meaningOf(troubleOf(error), tls) ?? refusal));
  socket.on("close", () => resolve(refusal));
  socket.setTimeout(PATIENCE, () => resolve(undefined));
  try {
    return await promise;
  } finally {
    socket.destroy();
  }
}

function open({ host, port, tls, protocol }: FailedConnection): TLSSocket {
  const { ca, cert, key } = tls ?? {};
  return connect({
    host,
    port,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...(cert === undefined || key === undefined ? {} : { cert, key }),
    ALPNProtocols: [protocol],
    // Without TLS nothing is believed of it: all that counts is whether it is spoken.
    rejectUnauthorized: tls !== undefined,
  });
}

/** That it is closed is known already. Where no TLS was wanted an alert is TLS, and that there is none is as it should be. */
function meaningOf(
  trouble: ConnectionTrouble | undefined,
  tls: TlsClient | undefined,
): ConnectionTrouble | undefined {
  if (trouble === undefined || trouble.kind === "closed") return undefined;
  if (tls !== undefined) return trouble;
  if (trouble.kind === "speaks-no-tls") return undefined;
  return ALERTS.includes(trouble.kind) ? { kind: "speaks-tls" } : trouble;
}

const ALERTS: readonly TroubleKind[] = [
  "certificate-wanted",
  "certificate-refused",
  "other-protocol",
  "tls-failed",
];
