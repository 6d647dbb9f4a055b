import { z } from "zod";

import { LOG_POSITION, LONGEST_TAIL, PRESENCES, SYNC_STATES } from "../../model/node.ts";
import { paging, page, query, nothing, word, type Endpoint } from "./endpoint.ts";
import * as resource from "./resources.ts";

/** Nodes, and what plugins log there. */
export const NODE_ENDPOINTS = {
  listNodes: {
    method: "GET",
    path: "/nodes",
    right: "read",
    scope: "somewhere",
    summary: "Nodes with what they run.",
    query: query({
      ...paging,
      cluster: z.string().optional(),
      presence: word(PRESENCES).optional(),
      sync: word(SYNC_STATES).optional(),
    }),
    answer: page(resource.node),
    watch: true,
  },
  getNode: {
    method: "GET",
    path: "/nodes/:node",
    right: "read",
    scope: "node",
    summary: "One node.",
    answer: resource.node,
    watch: true,
  },
  forgetNode: {
    method: "DELETE",
    path: "/nodes/:node",
    right: "node.operate",
    scope: "node",
    summary: "Forgets a node that is OFFLINE.",
    answer: "nothing",
  },
  retryNode: {
    method: "POST",
    path: "/nodes/:node/retry",
    right: "node.operate",
    action: "node.retry",
    scope: "node",
    summary: "Sends again what it refused.",
    body: nothing,
    answer: resource.node,
  },
  readLog: {
    method: "GET",
    path: "/nodes/:node/plugins/:plugin/log",
    right: "log.read",
    scope: "node",
    summary:
      "What a plugin logged on a node; with `follow` as server-sent events, whose ids are positions: `after` one of them goes on from there.",
    query: query({
      tail: z.coerce.number().int().min(0).max(LONGEST_TAIL).optional(),
      follow: z.stringbool().optional(),
      after: z.string().regex(LOG_POSITION, "expected the id of an event").optional(),
    }),
    answer: "text",
  },
} as const satisfies Readonly<Record<string, Endpoint>>;
