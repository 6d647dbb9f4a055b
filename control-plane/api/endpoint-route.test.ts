import { fastify } from "fastify";
import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { ManualClock } from "../../core/manual-clock.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import type { TokenActor } from "../access/authenticator.ts";
import { RefusalLog } from "../access/refusal-log.ts";
import { OperationError } from "../model/operation-error.ts";
import { openStore } from "../store/open-store.ts";
import type { Endpoint } from "./contract/endpoint.ts";
import type { AnyHandler } from "./endpoint-handler.ts";
import { EndpointRoute, type RouteParts } from "./endpoint-route.ts";
import { FaultLog } from "./fault-log.ts";
import { Gate } from "./gate.ts";
import { UploadFolder } from "./received-package.ts";
import { Watches } from "./watches.ts";

const TEXT = {
  method: "GET",
  path: "/",
  right: "read",
  scope: "somewhere",
  summary: "",
  answer: "text",
} as const satisfies Endpoint;

const ACTOR: TokenActor = {
  kind: "token",
  name: "ann",
  tokenId: "token",
  grants: [{ role: "viewer", scope: { kind: "all" } }],
  node: undefined,
};

/** A route alone, whose rights are looked up by `authenticate`. */
async function loneRoute(authenticate: () => Promise<TokenActor>, handler: AnyHandler) {
  await using stack = new AsyncDisposableStack();
  const clock = new ManualClock();
  const folder = stack.use(await TemporaryFolder.create());
  const store = stack.use(await openStore(folder.join("store"), clock));
  const ended = { [Symbol.dispose]: () => undefined };
  const gate = new Gate({ authenticate, onEnded: () => ended }, new RefusalLog(store, clock));
  const pace = { interval: 10, heartbeat: 1_000, patience: 1_000 };
  const watches = stack.use(
    new Watches({ onChange: () => ended }, { ...pace, total: 1, perToken: 1 }, clock),
  );
  const uploads = new UploadFolder(folder.join("uploads"), { bytes: 1, idle: 1, concurrent: 1 }, clock);
  const parts: RouteParts = { store, gate, watches, uploads, clock, patience: 1_000, checkAnswers: true };
  const faults = new FaultLog(createLogger("silent"), () => undefined);
  const route = new EndpointRoute("readLog", TEXT, handler, parts, faults);
  const server = stack.adopt(fastify(), async (server) => server.close());
  const closed = Promise.withResolvers<void>();
  server.get("/", {
    onRequest: async (request, reply) => {
      reply.raw.once("close", closed.resolve);
      await route.admit(request);
    },
    handler: async (request, reply) => route.serve(request, reply),
  });
  const address = await server.listen({ host: "127.0.0.1", port: 0 });
  const owned = stack.move();
  return { address, closed: closed.promise, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

test("whoever leaves while their rights are looked up has left when the answer is made", async () => {
  const asked = Promise.withResolvers<void>();
  const known = Promise.withResolvers<TokenActor>();
  const made = Promise.withResolvers<boolean>();
  const authenticate = (): Promise<TokenActor> => {
    asked.resolve();
    return known.promise;
  };
  await using route = await loneRoute(authenticate, async ({ signal }) => {
    made.resolve(signal.aborted);
    return (async function* () {})();
  });
  const leave = new AbortController();
  const answer = fetch(route.address, { headers: { authorization: "Bearer x" }, signal: leave.signal });
  await asked.promise;

  leave.abort();
  await expect(answer).rejects.toMatchObject({ name: "AbortError" });
  await route.closed;
  known.resolve(ACTOR);

  expect(await made.promise).toBe(true);
});

test("a token that ended while its rights were looked up reads no text, which could go on for days", async () => {
  let asked = 0;
  let answers = 0;
  const authenticate = async (): Promise<TokenActor> => {
    if (++asked > 1) throw new OperationError("unauthenticated", "token token was revoked");
    return ACTOR;
  };
  await using route = await loneRoute(authenticate, async () => {
    answers++;
    return (async function* () {})();
  });

  const answer = await fetch(route.address, { headers: { authorization: "Bearer x" } });

  expect([answer.ok, asked, answers]).toEqual([false, 2, 0]);
});
