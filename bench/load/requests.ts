import type { Field } from "../../test/support/http2-frames.ts";

/** What is sent through an intermediary, each with a baseline and a table of its own. */
export const WORKLOADS = ["http1", "h2", "grpc"] as const;
export type Workload = (typeof WORKLOADS)[number];

const AUTHORITY = "app.example.internal";
const TARGET = "/api/items?page=2";

/** With Host or `:authority` twelve fields of about thirty bytes, as a browser or a client library sends them. */
const FIELDS: readonly Field[] = [
  ["User-Agent", "bench/1.0 (linux; x64)"],
  ["Accept", "application/json, text/plain"],
  ["Accept-Language", "en-US,en;q=0.9"],
  ["Accept-Encoding", "gzip, br"],
  ["Referer", `http://${AUTHORITY}/`],
  ["Cookie", "a=b; session=0123456789abcdef"],
  ["X-Request-Id", "7f3c2a90-5b1e-4c7d"],
  ["X-Client-Version", "4.18.2-release"],
  ["Cache-Control", "max-age=0"],
  ["X-Trace-Sampled", "1"],
  ["X-Tenant", "blue-green-team"],
];

const FIELD_LINES = FIELDS.map(([name, value]) => `${name}: ${value}\r\n`).join("");

export const HTTP1_GET: Buffer = Buffer.from(
  `GET ${TARGET} HTTP/1.1\r\nHost: ${AUTHORITY}\r\n${FIELD_LINES}\r\n`,
  "latin1",
);

export const H2_GET: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":authority", AUTHORITY],
  [":path", TARGET],
  ...FIELDS.map(([name, value]): Field => [name.toLowerCase(), value]),
];

/** A unary call as gRPC libraries send it. */
export const GRPC_CALL: readonly Field[] = [
  [":method", "POST"],
  [":scheme", "http"],
  [":authority", AUTHORITY],
  [":path", "/bench.Items/Get"],
  ["te", "trailers"],
  ["content-type", "application/grpc"],
  ["user-agent", "grpc-bench/1.0"],
  ["grpc-accept-encoding", "identity,deflate,gzip"],
  ["grpc-timeout", "5S"],
  ["x-request-id", "7f3c2a90-5b1e-4c7d"],
];

/** One message of gRPC: not compressed, 32 bytes. */
export const GRPC_MESSAGE: Buffer = Buffer.concat([Buffer.of(0, 0, 0, 0, 32), Buffer.alloc(32, "m")]);
