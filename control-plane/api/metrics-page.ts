import type { FastifyInstance } from "fastify";

import { EXPOSITION_TYPE } from "../../core/metrics/exposition.ts";
import type { MetricsRegistry } from "../../core/metrics/registry.ts";
import type { Gate } from "./gate.ts";

/** Adds `/metrics`; unless it is `open`, it takes a token with the right `read` somewhere. */
export function addMetricsPage(
  app: FastifyInstance,
  registry: MetricsRegistry,
  gate: Gate,
  open: boolean,
): void {
  app.get("/metrics", async (request, reply) => {
    if (!open) {
      const actor = await gate.authenticate(request.headers.authorization, {
        action: "read",
        record: undefined,
      });
      gate.authorize(actor, "read", [{ kind: "somewhere" }]);
    }
    return reply.type(EXPOSITION_TYPE).send(registry.expose());
  });
}
