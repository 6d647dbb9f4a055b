import { expect, test } from "vitest";

import { InputError } from "../../core/errors.ts";
import { controlSnapshot } from "./control-snapshot.ts";

const PLACE = {
  node: { id: "n", cluster: "shop", service: "app", symbol: "stable", labels: {} },
  directory: "/state",
};
const DEADLINES = { request: "100ms", response: "200ms" };

function problemsOf(contents: { readonly chain: unknown; readonly route: unknown }): readonly string[] {
  try {
    controlSnapshot(contents, PLACE);
    return [];
  } catch (thrown) {
    if (!(thrown instanceof InputError)) throw thrown;
    return thrown.problems.map(({ key = "", message }) => `${key}: ${message}`);
  }
}

test("chain and route make one snapshot, in the shape of a configuration file", () => {
  const entry = {
    plugin: "guard",
    version: "1.0.0",
    timeout: "20ms",
    gray: { version: "1.1.0", percentage: 5 },
  };
  const snapshot = controlSnapshot(
    {
      chain: { entries: [entry], deadlines: DEADLINES },
      route: { services: { Billing: ["127.0.0.1:9001"] }, unknownServices: "deny" },
    },
    PLACE,
  );
  expect(snapshot).toMatchObject({
    where: "control plane",
    directory: "/state",
    node: PLACE.node,
    chain: [
      { plugin: "guard", version: "1.0.0", timeout: 20, gray: { percentage: 5 }, unavailable: undefined },
    ],
    deadlines: { request: 100, response: 200 },
    services: { billing: [{ host: "127.0.0.1", port: 9001 }] },
    unknownServices: "deny",
  });
});

test("an entry that no version can be had of says why, or the node says it", () => {
  const entries = [
    { plugin: "a", unavailable: "it is being fetched" },
    { plugin: "b", unavailable: true },
    { plugin: "c", version: "1.0.0", unavailable: false },
  ];
  const { chain } = controlSnapshot({ chain: { entries, deadlines: DEADLINES }, route: undefined }, PLACE);
  expect(chain.map(({ unavailable }) => unavailable)).toEqual([
    "it is being fetched",
    "the control plane has no version of it for this node",
    undefined,
  ]);
});

test.for<[string, unknown, unknown, string]>([
  [
    "an unknown key of an entry",
    { entries: [{ plugin: "a", mtch: {} }] },
    undefined,
    "chain[0].mtch: unknown key",
  ],
  ["an unknown key beside the entries", { entries: [], extra: 1 }, undefined, "extra: unknown key"],
  ["a chain that is no object", [], undefined, ": "],
  ["entries that are no list", { entries: {} }, undefined, "entries: "],
  [
    "an endpoint that is no address",
    undefined,
    { services: { a: ["nowhere"] } },
    "services.a[0]: expected host:port",
  ],
  ["an unknown key of the route", undefined, { routes: {} }, "routes: unknown key"],
])("%s is refused with its place", ([, chain, route, expected]) => {
  expect(problemsOf({ chain, route })[0]).toContain(expected);
});
