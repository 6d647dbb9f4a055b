import type { FastifyReply, FastifyRequest } from "fastify";

import type { Logger } from "../../core/log.ts";
import type { EndpointRoute } from "./endpoint-route.ts";

const LONGEST_PATH = 512;

/** One line for an answered request; nothing of bodies, queries and tokens. */
export function logAccess(
  log: Logger,
  route: EndpointRoute | undefined,
  request: FastifyRequest,
  reply: FastifyReply,
): void {
  const line = {
    requestId: request.id,
    endpoint: route?.name,
    method: request.method,
    path: request.url.split("?", 1)[0]?.slice(0, LONGEST_PATH),
    status: reply.statusCode,
    milliseconds: Math.round(reply.elapsedTime),
    actor: route?.actorOf(request)?.name,
    remote: request.ip,
  };
  // Probes ask every few seconds.
  if (route?.name === "health") log.debug(line, "api request");
  else log.info(line, "api request");
}
