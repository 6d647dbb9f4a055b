import { expect, test } from "vitest";

import { entryFor } from "../../../test/support/chain-fixtures.ts";
import { HeldExchange, HeldForwarding } from "../../../test/support/exchange-fixture.ts";
import {
  block,
  failure,
  rewrite,
  ScriptedGeneration,
  ScriptedRunner,
} from "../../../test/support/scripted-runtime.ts";
import { ALLOW } from "../../chain/verdict.ts";
import { WireError } from "../wire-error.ts";

const GONE = new WireError("client_gone", "the client closed the connection");

const request = (): HeldExchange => new HeldExchange(["host", "app.local", "x-a", "1"]);

function heldPlugin(): { readonly runner: ScriptedRunner; readonly generation: ScriptedGeneration } {
  const runner = new ScriptedRunner();
  runner.held = true;
  return { runner, generation: new ScriptedGeneration("held", { runner }) };
}

test("an exchange is answered, finished once and accounted for", () => {
  using forwarding = new HeldForwarding();
  const exchange = forwarding.begin(request());
  forwarding.clock.advance(5);
  forwarding.upstream.respond(200, ["x-b", "2", "x-mesh-status", "204", "connection", "close"]);
  exchange.watcher?.finished?.();
  exchange.watcher?.finished?.();

  expect(exchange.answers).toMatchObject([{ status: 200, headers: ["x-b", "2"], close: false }]);
  expect(forwarding.finishedExchanges).toHaveLength(1);
  expect(forwarding.finishedExchanges[0]).toMatchObject({
    status: 200,
    error: undefined,
    duration: 5,
    upstreamDuration: 5,
    upstream: "127.0.0.1:8080",
  });
});

test("a client that goes while the request chain is asked never reaches the app", () => {
  const { runner, generation } = heldPlugin();
  using forwarding = new HeldForwarding([entryFor(generation)]);
  const exchange = forwarding.begin(request());

  exchange.watcher?.aborted?.(GONE);
  runner.answer();

  expect(runner.cancelled).toBe(1);
  expect(forwarding.upstream.requests).toHaveLength(0);
  expect(forwarding.finishedExchanges).toMatchObject([{ status: 499, error: "client_gone" }]);
});

test("a client that goes while 100 Continue is written costs the app a cancelled call at most", () => {
  using forwarding = new HeldForwarding();
  const exchange = new HeldExchange(["host", "a"], { method: "POST", expectsContinue: true });
  exchange.whileProceeding = () => exchange.watcher?.aborted?.(GONE);

  forwarding.begin(exchange);

  expect(forwarding.upstream.requests).toHaveLength(forwarding.upstream.cancelled.length);
  expect(exchange.answers).toHaveLength(0);
  expect(forwarding.finishedExchanges).toMatchObject([{ status: 499 }]);
});

test("a client that goes while its request is being handed to the app has that call cancelled", () => {
  using forwarding = new HeldForwarding();
  const exchange = request();
  forwarding.upstream.whileAsked = () => exchange.watcher?.aborted?.(GONE);

  forwarding.begin(exchange);

  expect(forwarding.upstream.cancelled).toEqual(["cancelled"]);
  expect(forwarding.finishedExchanges).toHaveLength(1);
});

test("a client that goes while the app works has the call cancelled, and a late failure says nothing more", () => {
  using forwarding = new HeldForwarding();
  const exchange = forwarding.begin(request());

  exchange.watcher?.aborted?.(GONE);
  forwarding.upstream.listener?.failed(new WireError("upstream_reset", "late"));

  expect(forwarding.upstream.cancelled).toEqual(["client_gone"]);
  expect(exchange.answers).toHaveLength(0);
  expect(forwarding.finishedExchanges).toMatchObject([{ status: 499, error: "client_gone" }]);
});

test("a client that goes while the response chain is asked has the app's call cancelled", () => {
  const { runner, generation } = heldPlugin();
  using forwarding = new HeldForwarding([entryFor(generation)]);
  const exchange = forwarding.begin(request());
  runner.answer();
  forwarding.upstream.respond(200);

  exchange.watcher?.aborted?.(GONE);
  runner.answer();

  expect(forwarding.upstream.cancelled).toEqual(["client_gone"]);
  expect(exchange.answers).toHaveLength(0);
  expect(forwarding.finishedExchanges).toMatchObject([{ status: 499 }]);
});

test("a client that goes within the answer keeps the status it was told", () => {
  using forwarding = new HeldForwarding();
  const exchange = forwarding.begin(request());
  forwarding.upstream.respond(206);

  exchange.watcher?.aborted?.(GONE);

  expect(forwarding.upstream.cancelled).toEqual(["client_gone"]);
  expect(forwarding.finishedExchanges).toMatchObject([{ status: 206, error: "client_gone" }]);
});

test("an app that fails before its call is returned is answered by the table, once", () => {
  using forwarding = new HeldForwarding();
  const exchange = request();
  forwarding.upstream.whileAsked = (listener) =>
    listener.failed(new WireError("upstream_refused", "connection refused"));

  forwarding.begin(exchange);
  exchange.watcher?.finished?.();

  expect(exchange.answers).toMatchObject([{ status: 502 }]);
  expect(exchange.answers[0]?.headers).toContain("upstream_refused");
  expect(forwarding.finishedExchanges).toMatchObject([{ status: 502, error: "upstream_refused" }]);
});

test("an app that answers before its call is returned is piped to the client", () => {
  using forwarding = new HeldForwarding([entryFor(new ScriptedGeneration("sync"))]);
  const exchange = request();
  forwarding.upstream.whileAsked = () => void forwarding.upstream.respond(204);

  forwarding.begin(exchange);

  expect(exchange.answers).toMatchObject([{ status: 204 }]);
  expect(forwarding.upstream.cancelled).toEqual([]);
});

test("a request that no route takes, and a path that climbs out, are answered without asking the app", () => {
  const refused = new WireError("upstream_unreachable", "no such service");
  using forwarding = new HeldForwarding([], { route: () => ({ kind: "refused", error: refused }) });

  const unrouted = forwarding.begin(request());
  const climbing = forwarding.begin(new HeldExchange(["host", "a"], { target: "/../etc" }));

  expect(unrouted.answers).toMatchObject([{ status: 502 }]);
  expect(climbing.answers).toMatchObject([{ status: 400 }]);
});

test("a block at position 0 answers in place of the app", () => {
  const generation = new ScriptedGeneration("guard", { script: () => block(401) });
  using forwarding = new HeldForwarding([entryFor(generation)]);

  const exchange = forwarding.begin(request());

  expect(exchange.answers).toMatchObject([{ status: 401 }]);
  expect(forwarding.upstream.requests).toHaveLength(0);
  exchange.watcher?.finished?.();
  expect(forwarding.finishedExchanges).toMatchObject([{ blockedBy: "guard", error: undefined }]);
});

test("a status that HTTP/2 cannot carry is an invalid answer to who speaks it, and passes to others", () => {
  using forwarding = new HeldForwarding();
  for (const protocol of ["h2", "http/1.1"] as const) {
    const exchange = forwarding.begin(new HeldExchange(["host", "a"], { protocol }));
    forwarding.upstream.respond(600, []);
    exchange.watcher?.finished?.();
  }

  expect(forwarding.finishedExchanges).toMatchObject([
    { status: 502, error: "upstream_invalid" },
    { status: 600, error: undefined },
  ]);
});

test("a block at position 1 cancels the app's body, and the client's going cancels nothing twice", () => {
  const script = ({ position }: { position: number }): ReturnType<typeof block> =>
    position === 1 ? block(451) : ALLOW;
  using forwarding = new HeldForwarding([entryFor(new ScriptedGeneration("censor", { script }))]);
  const exchange = forwarding.begin(request());

  const body = forwarding.upstream.respond(200, ["x-secret", "1"]);
  exchange.watcher?.aborted?.(GONE);

  expect(body.cancelled).toEqual(["cancelled"]);
  expect(forwarding.upstream.cancelled).toEqual([]);
  expect(exchange.answers).toMatchObject([{ status: 451, headers: [] }]);
  expect(forwarding.finishedExchanges).toMatchObject([{ status: 451, blockedBy: "censor" }]);
});

test("a plugin with policy closed that fails at position 1 answers 503 and cancels the app's body", () => {
  const script = ({ position }: { position: number }): ReturnType<typeof failure> =>
    position === 1 ? failure("throw") : ALLOW;
  using forwarding = new HeldForwarding([entryFor(new ScriptedGeneration("broken", { script }))]);
  const exchange = forwarding.begin(request());

  const body = forwarding.upstream.respond(200);

  expect(body.cancelled).toEqual(["cancelled"]);
  expect(exchange.answers).toMatchObject([{ status: 503 }]);
});

test("1xx pass while no plugin judges the response, without what only the mesh may say", () => {
  const watcher = new ScriptedGeneration("watcher");
  const requestOnly = new ScriptedGeneration("tagger", { positions: [0] });
  using forwarding = new HeldForwarding([entryFor(requestOnly), entryFor(watcher, { mode: "degrade" })]);
  const exchange = forwarding.begin(request());

  forwarding.upstream.inform(103, ["link", "</a>", "x-mesh-a", "1", "x_mesh_b", "1", "keep-alive", "1"]);

  expect(exchange.informed).toEqual([["103", "link", "</a>"]]);
});

test("1xx do not reach a client before the plugins that judge the response did", () => {
  const script = (): ReturnType<typeof rewrite> => rewrite("x-secret");
  using forwarding = new HeldForwarding([entryFor(new ScriptedGeneration("censor", { script }))]);
  const exchange = forwarding.begin(request());

  forwarding.upstream.inform(103, ["x-secret", "1"]);
  forwarding.upstream.respond(200, ["x-secret", "1", "x-b", "2"]);

  expect(exchange.informed).toEqual([]);
  expect(exchange.answers).toMatchObject([{ status: 200, headers: ["x-b", "2"] }]);
});

test("a field whose name has an underscore is dropped before anybody sees it, and named for the log", () => {
  const generation = new ScriptedGeneration("watcher");
  using forwarding = new HeldForwarding([entryFor(generation)]);
  const fields = ["host", "a", "X_Forwarded_For", "1.1.1.1", "x-a", "1_2", "x_mesh_symbol", "blue"];

  const exchange = forwarding.begin(new HeldExchange(fields));
  exchange.watcher?.aborted?.(GONE);

  expect(generation.runner.shown[0]?.message.headers.toFlat()).toEqual(["host", "a", "x-a", "1_2"]);
  expect(forwarding.upstream.sentHeaders).toEqual(["host", "a", "x-a", "1_2"]);
  expect(forwarding.finishedExchanges[0]?.dropped).toEqual(["X_Forwarded_For", "x_mesh_symbol"]);
});

test("names with underscores go on where they are allowed, but never what an app takes for X-Mesh-*", () => {
  using forwarding = new HeldForwarding([], { underscores: "allow" });

  forwarding.begin(new HeldExchange(["user_id", "7", "X_Mesh-Symbol", "blue", "x-mesh_a", "1"]));

  expect(forwarding.upstream.sentHeaders).toEqual(["user_id", "7"]);
});

test("while the sidecar drains, every answer closes its connection", () => {
  using forwarding = new HeldForwarding([], { draining: () => true });
  const exchange = forwarding.begin(request());

  forwarding.upstream.respond(200);

  expect(exchange.answers).toMatchObject([{ status: 200, close: true }]);
});
