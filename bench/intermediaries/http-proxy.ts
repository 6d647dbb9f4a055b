import { Agent, createServer } from "node:http";
import type { AddressInfo } from "node:net";
import httpProxy from "http-proxy";

// npm http-proxy as its README shows it, with a keep-alive agent.
const proxy = httpProxy.createProxyServer({
  target: `http://127.0.0.1:${process.argv[2]}`,
  agent: new Agent({ keepAlive: true, maxSockets: 64 }),
});

const server = createServer({ keepAliveTimeout: 300_000 }, (request, response) =>
  proxy.web(request, response),
);
server.listen(0, "127.0.0.1", () => {
  process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`);
});
