import { once } from "node:events";
import { createServer, type AddressInfo } from "node:net";

import { expect, test } from "vitest";

import { troubleOf } from "./connection-trouble.ts";
import { lookCloser } from "./look-closer.ts";

function failure(code: string, message = ""): Error {
  return Object.assign(new Error(message), { code });
}

test.for([
  [failure("ECONNREFUSED"), "refused"],
  [new TypeError("fetch failed", { cause: failure("ENOTFOUND") }), "no-such-host"],
  [new AggregateError([failure("EHOSTUNREACH"), failure("ECONNREFUSED")]), "no-way"],
  [failure("ERR_SSL_WRONG_VERSION_NUMBER"), "speaks-no-tls"],
  [failure("ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED"), "certificate-wanted"],
  [failure("ERR_SSL_TLSV1_ALERT_UNKNOWN_CA"), "certificate-refused"],
  [failure("ERR_SSL_SSL/TLS_ALERT_CERTIFICATE_EXPIRED"), "certificate-refused"],
  [failure("ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE"), "tls-failed"],
  [Object.assign(new Error("not HTTP/1.1"), { name: "HTTPParserError" }), "other-protocol"],
  [Object.assign(new Error("Invalid EOF state"), { name: "HTTPParserError" }), "closed"],
  [failure("EACCES"), undefined],
  [new Error("anything"), undefined],
  ["no error at all", undefined],
] as const)("%s means %s", ([thrown, kind]) => {
  expect(troubleOf(thrown)?.kind).toBe(kind);
});

test("the names of a stranger's certificate are taken no longer than a line", () => {
  const cert = { subjectaltname: `DNS:${"x".repeat(10_000)}` };
  const error = Object.assign(failure("ERR_TLS_CERT_ALTNAME_INVALID"), { cert });

  expect(troubleOf(error)?.names).toHaveLength(200);
});

test("a look at who accepts and says nothing ends when it is broken off", async () => {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const stop = new AbortController();
  const { port } = server.address() as AddressInfo;

  const look = lookCloser({ host: "127.0.0.1", port, tls: undefined, protocol: "h2", signal: stop.signal });
  const [socket] = await once(server, "connection");
  stop.abort();

  expect(await look).toBeUndefined();
  if (!socket.closed) await once(socket, "close");
  server.close();
});

test("what answers in plain text to a client without TLS is in order", async () => {
  const server = createServer((socket) => socket.end("HTTP/1.1 400 Bad Request\r\n\r\n")).listen(
    0,
    "127.0.0.1",
  );
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;

  expect(await lookCloser({ host: "127.0.0.1", port, tls: undefined, protocol: "http/1.1" })).toBeUndefined();
  server.close();
});
