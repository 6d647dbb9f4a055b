import { createServer, type AddressInfo } from "node:net";

import { systemClock } from "../../core/clock.ts";
import { withoutHopByHop } from "../../core/headers/hop-by-hop.ts";
import { errorAnswer } from "../../sidecar/http/answers.ts";
import type { ServerExchange } from "../../sidecar/http/exchange.ts";
import { Deadlines } from "../../sidecar/http/deadlines.ts";
import { ClientPool } from "../../sidecar/http/h2/client-pool.ts";
import { ServerSession } from "../../sidecar/http/h2/server-session.ts";
import { InFlight } from "../../sidecar/http/in-flight.ts";
import { DEFAULT_WIRE_LIMITS } from "../../sidecar/http/limits.ts";

// The sidecar's two ends of HTTP/2 with nothing between them, to be held against h2-passthrough.ts.
// Takes the app's port, prints its own.
const limits = DEFAULT_WIRE_LIMITS;
const deadlines = new Deadlines(systemClock);
const endpoint = { host: "127.0.0.1", port: Number(process.argv[2]) };
const pool = new ClientPool({ endpoint, limits, deadlines });

function forward(exchange: ServerExchange): void {
  const { head, body } = exchange;
  const { method, target, authority } = head;
  const call = pool.request(
    { method, target, authority, headers: withoutHopByHop(head.headers), upgrade: false, body },
    {
      informed: (answer) => exchange.inform(answer),
      responded: ({ status, headers }, source) =>
        exchange.respond({ status, headers: withoutHopByHop(headers) }, source),
      failed: (error) => {
        const answer = errorAnswer(error.code);
        exchange.respond(answer.head, answer.body);
      },
    },
  );
  exchange.watcher = { aborted: (reason) => call.cancel(reason) };
}

const context = {
  handler: forward,
  limits,
  deadlines,
  clock: systemClock,
  inFlight: new InFlight(limits.inFlight),
  onClose: () => {},
};
const server = createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
  socket.on("error", () => {});
  socket.once("data", (first: Buffer) => void new ServerSession(socket, first, context));
});
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`);
});
