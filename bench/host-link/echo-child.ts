import { Server, ServerCredentials, loadPackageDefinition } from "@grpc/grpc-js";
import type { ServerDuplexStream, ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { Socket } from "node:net";
import { fileURLToPath } from "node:url";

// The far end of both transports: gives back what it gets. `socket` echoes on file descriptor 3, anything else is the
// path of a Unix socket on which a gRPC server listens.
const [transport = ""] = process.argv.slice(2);

interface Packet {
  readonly frames: Buffer;
}

if (transport === "socket") {
  const socket = new Socket({ fd: 3, readable: true, writable: true });
  socket.on("data", (bytes) => socket.write(bytes));
  process.stdout.write("ready\n");
} else {
  const definition = loadSync(fileURLToPath(new URL("echo.proto", import.meta.url)));
  const { bench } = loadPackageDefinition(definition) as unknown as {
    readonly bench: { readonly Echo: { readonly service: ServiceDefinition } };
  };
  const server = new Server();
  server.addService(bench.Echo.service, {
    Stream(call: ServerDuplexStream<Packet, Packet>) {
      call.on("data", (packet: Packet) => call.write(packet));
    },
  });
  server.bindAsync(`unix:${transport}`, ServerCredentials.createInsecure(), () => {
    process.stdout.write("ready\n");
  });
}
