import type { AddressInfo } from "node:net";
import httpProxy from "@fastify/http-proxy";
import { fastify } from "fastify";

// @fastify/http-proxy as its README shows it.
const server = fastify({ keepAliveTimeout: 300_000 });
await server.register(httpProxy, { upstream: `http://127.0.0.1:${process.argv[2]}` });
await server.listen({ port: 0, host: "127.0.0.1" });
process.stdout.write(`listening ${(server.server.address() as AddressInfo).port}\n`);
