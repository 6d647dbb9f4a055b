import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Pool } from "undici";

// The yardstick: what a proxy costs on node:http and undici when it checks nothing and changes nothing.
// Headers go through as flat lists, both ways. Prints its port.
const pool = new Pool(`http://127.0.0.1:${process.argv[2]}`, {
  connections: 64,
  pipelining: 1,
  keepAliveTimeout: 60_000,
});

function forward(request: IncomingMessage, response: ServerResponse): void {
  const hasBody = request.headers["content-length"] !== undefined || "transfer-encoding" in request.headers;
  pool.dispatch(
    {
      path: request.url ?? "/",
      method: request.method as "GET",
      headers: withoutConnection(request.rawHeaders),
      body: hasBody ? request : null,
    },
    {
      onRequestStart() {},
      onResponseStart(controller, status) {
        const raw = (controller.rawHeaders ?? []) as readonly Buffer[];
        response.writeHead(status, withoutConnection(raw.map((field) => field.toString("latin1"))));
      },
      onResponseData(controller, chunk) {
        if (response.write(chunk)) return;
        controller.pause();
        response.once("drain", () => controller.resume());
      },
      onResponseEnd() {
        response.end();
      },
      onResponseError(_controller, error) {
        response.destroy(error);
      },
    },
  );
}

/** undici refuses Connection, and writes its own. */
function withoutConnection(flat: readonly string[]): string[] {
  const kept: string[] = [];
  for (let i = 0; i < flat.length; i += 2) {
    const name = flat[i] ?? "";
    if (/^(connection|keep-alive|transfer-encoding)$/i.test(name)) continue;
    kept.push(name, flat[i + 1] ?? "");
  }
  return kept;
}

const server = createServer({ keepAliveTimeout: 300_000 }, forward);
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`);
});
