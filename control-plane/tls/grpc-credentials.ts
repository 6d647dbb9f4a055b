import { ServerCredentials } from "@grpc/grpc-js";

import type { TlsMaterial, TlsSource } from "./tls-source.ts";

/** Credentials of the gRPC port; undefined is plain text. Certificates that are replaced hold for new connections. */
export function grpcCredentials(tls: TlsSource | undefined): ServerCredentials {
  return tls === undefined ? ServerCredentials.createInsecure() : new TlsCredentials(tls);
}

class TlsCredentials extends ServerCredentials {
  readonly #tls: TlsSource;

  constructor(tls: TlsSource) {
    const asksClient = tls.current.clientAuthority !== undefined;
    super(
      { requestCert: asksClient, rejectUnauthorized: asksClient, minVersion: "TLSv1.2" },
      contextOf(tls.current),
    );
    this.#tls = tls;
    // As long as the source, which lives as long as the port.
    tls.onChange((material) => this.updateSecureContextOptions(contextOf(material)));
  }

  override _equals(other: ServerCredentials): boolean {
    return other instanceof TlsCredentials && other.#tls === this.#tls;
  }
}

function contextOf({ certificate, key, clientAuthority }: TlsMaterial): {
  readonly cert: string;
  readonly key: string;
  readonly ca?: string;
} {
  return { cert: certificate, key, ...(clientAuthority === undefined ? {} : { ca: clientAuthority }) };
}
