import { expect, test } from "vitest";

import { systemClock } from "../../../core/clock.ts";
import { Deadlines } from "../deadlines.ts";
import { DEFAULT_WIRE_LIMITS } from "../limits.ts";
import { type LookupFor, lookupElsewhere } from "../lookup-elsewhere.ts";
import { EndpointPools } from "./endpoint-pools.ts";

test("the endpoint that is asked for between others stays, and the one that nobody asked for longest goes", async () => {
  const deadlines = new Deadlines(systemClock);
  const lookupFor: LookupFor = (port) => lookupElsewhere(port, () => false);
  await using pools = new EndpointPools({ limits: DEFAULT_WIRE_LIMITS, deadlines, lookupFor });
  const app = { host: "127.0.0.1", port: 1 };
  const first = pools.to(app, "http1");

  for (let port = 2; port < 400; port++) {
    pools.to({ host: "127.0.0.1", port }, "http1");
    expect(pools.to(app, "http1")).toBe(first);
  }

  expect(pools.states.some(({ endpoint }) => endpoint === "127.0.0.1:2")).toBe(false);
  expect(pools.states.length).toBe(256);
});
