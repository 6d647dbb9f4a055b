import { createServer, STATUS_CODES, type RequestListener, type Server } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { SecureContextOptions } from "node:tls";

import type { TlsMaterial, TlsSource } from "../tls/tls-source.ts";
import { problemOf, RequestError } from "./problem.ts";

export interface ServerLimits {
  readonly connections: number;
  /** Bytes of a request's head. */
  readonly headBytes: number;
  /** From the first byte of a request to the end of its head, ms. */
  readonly headTime: number;
  /** To the end of its body, uploads included, ms. */
  readonly requestTime: number;
  /** How long an idle connection is kept, ms. */
  readonly keepAlive: number;
}

/** Node's server with our limits, with TLS where there is a source of certificates. */
export function createHttpServer(
  handler: RequestListener,
  tls: TlsSource | undefined,
  limits: ServerLimits,
): Server {
  const options = {
    maxHeaderSize: limits.headBytes,
    headersTimeout: limits.headTime,
    requestTimeout: limits.requestTime,
    keepAliveTimeout: limits.keepAlive,
    connectionsCheckingInterval: 1_000,
    requireHostHeader: true,
  };
  const server = tls === undefined ? createServer(options, handler) : tlsServer(options, handler, tls);
  server.maxConnections = limits.connections;
  server.maxHeadersCount = 100;
  server.on("clientError", refuse);
  return server;
}

function tlsServer(options: object, handler: RequestListener, tls: TlsSource): Server {
  const asksClient = tls.current.clientAuthority !== undefined;
  const server = createTlsServer(
    {
      ...options,
      ...contextOf(tls.current),
      minVersion: "TLSv1.2",
      requestCert: asksClient,
      rejectUnauthorized: asksClient,
    },
    handler,
  );
  // Connections that are open go on under the certificate that they began with.
  const subscription = tls.onChange((material) => server.setSecureContext(contextOf(material)));
  server.once("close", () => subscription[Symbol.dispose]());
  return server;
}

function contextOf({ certificate, key, clientAuthority }: TlsMaterial): SecureContextOptions {
  return { cert: certificate, key, ...(clientAuthority === undefined ? {} : { ca: clientAuthority }) };
}

/** What is no HTTP, or too slow or too long a head, never becomes a request. */
function refuse(error: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || error.code === "ECONNRESET") {
    socket.destroy();
    return;
  }
  const { status, ...problem } = problemOf(refusalOf(error.code));
  const body = JSON.stringify({ ...problem, status });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`,
    "content-type: application/problem+json",
    `content-length: ${Buffer.byteLength(body)}`,
    "connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`);
}

function refusalOf(code: string | undefined): RequestError {
  if (code === "ERR_HTTP_REQUEST_TIMEOUT")
    return new RequestError("request_timeout", "the request came too slowly");
  if (code === "HPE_HEADER_OVERFLOW")
    return new RequestError("too_large", "the head of the request is too long");
  return new RequestError("malformed", "this is no HTTP request");
}
