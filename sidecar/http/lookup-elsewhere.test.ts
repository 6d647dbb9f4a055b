import { expect, test } from "vitest";

import { systemClock } from "../../core/clock.ts";
import { Answer, request } from "../../test/support/pooled-call.ts";
import { RawServer } from "../../test/support/raw-socket.ts";
import { Deadlines } from "./deadlines.ts";
import type { Upstream } from "./exchange.ts";
import { EndpointPools } from "./forwarding/endpoint-pools.ts";
import { TunnelUpstream } from "./forwarding/tunnel-upstream.ts";
import { DEFAULT_WIRE_LIMITS } from "./limits.ts";
import { type LookupFor, lookupElsewhere } from "./lookup-elsewhere.ts";

const OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

function poolsWith(lookupFor: LookupFor): EndpointPools {
  return new EndpointPools({ limits: DEFAULT_WIRE_LIMITS, deadlines: new Deadlines(systemClock), lookupFor });
}

async function resultOf(upstream: Upstream, authority: string): Promise<string> {
  const answer = new Answer();
  upstream.request({ ...request(), authority }, answer);
  return await answer.result();
}

test("a name that leads back fails as a loop, in every protocol, and nothing connects", async () => {
  await using own = await RawServer.listen();
  const lookupFor: LookupFor = (at) =>
    lookupElsewhere(at, ({ host, port }) => port === own.port && ["127.0.0.1", "::1"].includes(host));
  await using pools = poolsWith(lookupFor);
  const back = { host: "localhost", port: own.port };
  const tunnel = new TunnelUpstream(systemClock, 1_000, lookupFor);
  const authority = `localhost:${own.port}`;

  expect(await resultOf(pools.to(back, "http1"), authority)).toBe("loop_detected");
  expect(await resultOf(pools.to(back, "h2c"), authority)).toBe("loop_detected");
  expect(await resultOf(tunnel, authority)).toBe("loop_detected");

  expect(own.accepted).toBe(0);
});

test("of a name's addresses those that lead elsewhere are taken", async () => {
  await using app = await RawServer.listen(({ socket }) => {
    socket.once("data", () => socket.end(OK));
  });
  await using pools = poolsWith((port) => lookupElsewhere(port, ({ host }) => host === "::1"));

  expect(await resultOf(pools.to({ host: "localhost", port: app.port }, "http1"), "a")).toBe("ok");
});

test("a name that nobody knows is as unreachable as ever", async () => {
  await using pools = poolsWith((port) => lookupElsewhere(port, () => true));

  expect(await resultOf(pools.to({ host: "nobody.invalid", port: 1 }, "http1"), "a")).toBe(
    "upstream_unreachable",
  );
});
