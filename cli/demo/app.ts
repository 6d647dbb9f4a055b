import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { parseArgs } from "node:util";

import { parseAddress } from "../../core/address.ts";
import { ListenError } from "../../core/listen-error.ts";

// The app of `sluice up`: shows what reaches an app behind a sidecar. Prints `{"port":N}` when it listens.

const LONGEST_WAIT = 10_000;
const TICK = 1_000;

function echo(request: IncomingMessage, response: ServerResponse): void {
  const headers: [string, string][] = [];
  const { rawHeaders } = request;
  for (let i = 0; i < rawHeaders.length; i += 2) headers.push([rawHeaders[i] ?? "", rawHeaders[i + 1] ?? ""]);
  json(response, 200, { method: request.method, path: request.url, headers });
}

function slow(response: ServerResponse, query: URLSearchParams): void {
  const millis = Math.min(Number(query.get("ms") ?? 1_000) || 0, LONGEST_WAIT);
  setTimeout(() => json(response, 200, { waited: millis }), millis);
}

function stream(response: ServerResponse): void {
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  let count = 0;
  const tick = (): void => void response.write(`data: ${JSON.stringify({ count: count++ })}\n\n`);
  tick();
  // oxlint-disable-next-line no-restricted-globals -- a demo whose time nobody needs to own
  const timer = setInterval(tick, TICK);
  response.on("close", () => clearInterval(timer));
}

function json(response: ServerResponse, status: number, content: unknown): void {
  const body = `${JSON.stringify(content, undefined, 2)}\n`;
  response.writeHead(status, {
    "content-type": "application/json",
    "content-length": Buffer.byteLength(body),
  });
  response.end(body);
}

function answer(request: IncomingMessage, response: ServerResponse): void {
  const { pathname, searchParams } = new URL(request.url ?? "/", "http://app");
  if (pathname === "/echo") return echo(request, response);
  if (pathname === "/private") return json(response, 200, { secret: "the cake is in the oven" });
  if (pathname === "/slow") return slow(response, searchParams);
  if (pathname === "/stream") return stream(response);
  json(response, 404, { error: "there are /echo, /private, /slow?ms=1000 and /stream" });
}

const { values } = parseArgs({ options: { app: { type: "string", default: "127.0.0.1:8080" } } });
const address = parseAddress(values.app) ?? { host: "127.0.0.1", port: 8080 };
// Longer than the sidecar keeps an idle connection, so that no request meets one that is just being closed.
const server = createServer({ keepAliveTimeout: 60_000 }, answer);

function end(): void {
  server.close();
  server.closeAllConnections();
  process.stdin.destroy();
}

server.on("error", (error) => {
  process.stderr.write(`the demo app ${new ListenError("--app", address, error).message}\n`);
  process.exit(1);
});
server.listen(address.port, address.host, () => {
  process.stdout.write(`${JSON.stringify({ port: (server.address() as AddressInfo).port })}\n`);
});
process.once("SIGINT", end).once("SIGTERM", end);
process.stdin.on("end", end).resume();
