import { troubleOf, type ConnectionTrouble, type TroubleKind } from "./connection-trouble.ts";
import { lookCloser, type TlsClient } from "./look-closer.ts";

/** What an error does not tell the cause of. */
const VAGUE: readonly TroubleKind[] = ["closed", "tls-failed", "other-protocol"];

/**
 * Why a request of HTTP/1.1 to `url` failed with this error: looks closer where the error does not tell. `tls`: what was
 * shown and believed, if TLS it was. Undefined: it was not the connection. Never rejects.
 */
export async function requestTrouble(
  thrown: unknown,
  url: URL,
  tls: TlsClient,
  signal?: AbortSignal,
): Promise<ConnectionTrouble | undefined> {
  const told = troubleOf(thrown);
  if (told === undefined || !VAGUE.includes(told.kind)) return told;
  const isTls = url.protocol === "https:";
  const closer = await lookCloser({
    // As URLs have it, an IPv6 address is in brackets.
    host: url.hostname.replaceAll(/^\[|\]$/g, ""),
    port: Number(url.port) || (isTls ? 443 : 80),
    tls: isTls ? tls : undefined,
    protocol: "http/1.1",
    ...(signal === undefined ? {} : { signal }),
  });
  return closer ?? told;
}
