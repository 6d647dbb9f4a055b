import { Server, ServerCredentials } from "@grpc/grpc-js";

import type { ObserverPluginHandlers } from "../../proto/gen/mesh/v1/ObserverPlugin.ts";
import type { ObserveUp__Output } from "../../proto/gen/mesh/v1/ObserveUp.ts";
import { observerPlugin } from "../../proto/observer-plugin.ts";

// A gRPC plugin that does what the isolate plugins of the bench do: reads one header, sets one. Prints its port.
const FORBIDDEN = Buffer.from("x-forbidden");
const HEADER = { key: Buffer.from("X-Web-Grpc"), value: [Buffer.from("1")] };

const handlers: ObserverPluginHandlers = {
  Describe: (_call, callback) => callback(null, { apiVersion: "mesh.v1", observeStreams: 1 }),
  Execute: (call) => {
    call.write({ headerSet: [HEADER] });
    call.end();
  },
  Observe: (stream) => {
    stream.on("error", () => stream.destroy());
    stream.on("end", () => stream.end());
    stream.on("data", ({ request }: ObserveUp__Output) => {
      if (!request) return;
      const { id, position } = request;
      const forbidden = request.headers.some(({ key }) => key.equals(FORBIDDEN));
      stream.write({ id, position, next: forbidden ? { httpCode: 403 } : { headerSet: [HEADER] } });
      stream.write({ id, position, completed: true });
    });
  },
};

const server = new Server();
server.addService(observerPlugin, handlers);
server.bindAsync("127.0.0.1:0", ServerCredentials.createInsecure(), (error, port) => {
  if (error !== null) throw error;
  process.stdout.write(`listening ${port}\n`);
});
