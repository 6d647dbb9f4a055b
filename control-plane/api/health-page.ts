import type { FastifyInstance } from "fastify";

import type { Store } from "../store/store.ts";

/** Adds `/health`, where platforms look for it: the same as the endpoint, without a token. */
export function addHealthPage(app: FastifyInstance, store: Store): void {
  app.get("/health", async (_request, reply) => {
    const tick = await store.read(async (view) => view.tick);
    return reply.type("application/json; charset=utf-8").send(JSON.stringify({ status: "ok", tick }));
  });
}
