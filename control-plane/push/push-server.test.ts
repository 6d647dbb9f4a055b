import { status as Status } from "@grpc/grpc-js";
import { expect, test } from "vitest";

import type { Hello } from "../../proto/gen/mesh/v1/Hello.ts";
import { PushMesh } from "../../test/support/push-mesh.ts";
import type { AuditEvent } from "../model/audit.ts";

async function refusals(mesh: PushMesh): Promise<readonly AuditEvent[]> {
  const page = await mesh.store.read(async (view) =>
    view.audit.list({ action: "node.connect" }, { limit: 100 }),
  );
  return page.items;
}

test("a node is welcomed with the intervals, the tick and the version that both speak", async () => {
  await using mesh = await PushMesh.start({ settings: { heartbeat: 3_000, mode: "full" } });
  const node = mesh.greet("node-1", { hello: { apiVersions: ["mesh.v9", "mesh.v1"] } });

  const welcome = await node.next("welcome");

  expect(welcome).toMatchObject({ apiVersion: "mesh.v1", tick: 1 });
  expect(welcome.intervals).toMatchObject({ heartbeat: 3_000, avoid: 60_000, mode: "FULL" });
  expect(mesh.metric('sluice_cp_connects_total{result="taken"}')).toBe(1);
});

test("a node gets a record when it is new and when it introduces itself in another way, and only then", async () => {
  await using mesh = await PushMesh.start();
  const tick = async (): Promise<number> => mesh.store.read(async (view) => view.tick);
  const first = await mesh.connect("node-1", { hello: { labels: { zone: "a", rack: "1" } } });
  const registered = await tick();
  await first[Symbol.asyncDispose]();
  await mesh.until(() => mesh.server.streams === 0);

  const same = await mesh.connect("node-1", { hello: { labels: { rack: "1", zone: "a" } } });
  expect(await tick()).toBe(registered);
  await same[Symbol.asyncDispose]();
  await mesh.until(() => mesh.server.streams === 0);

  await mesh.connect("node-1", { hello: { labels: { zone: "b" }, symbol: "blue" } });
  expect(await tick()).toBe(registered + 1);
  const record = await mesh.store.read(async (view) => view.nodes.get("node-1"));
  expect(record).toMatchObject({ cluster: "demo", service: "shop", symbol: "blue", labels: { zone: "b" } });
});

test.for([
  ["no token", undefined],
  ["a wrong token", "nonsense"],
] as const)("a stream with %s is refused", async ([, token]) => {
  await using mesh = await PushMesh.start();
  const node = mesh.greet("node-1", { token });

  expect(await node.ended()).toMatchObject({ code: Status.UNAUTHENTICATED });
  expect(mesh.metric('sluice_cp_connects_total{result="unauthenticated"}')).toBe(1);
  expect(mesh.reports.list()).toEqual([]);
});

test("another node's token is refused and audited", async () => {
  await using mesh = await PushMesh.start();
  const status = await mesh.greet("node-1", { token: "sluice_node-2" }).ended();

  expect(status).toMatchObject({
    code: Status.PERMISSION_DENIED,
    details: "the token speaks for node node-2; it cannot speak for node node-1",
  });
  expect(await refusals(mesh)).toMatchObject([{ actor: "node-2", tokenId: "node-2", outcome: "refused" }]);
});

test("a token for one cluster does not join another", async () => {
  await using mesh = await PushMesh.start();
  const node = mesh.greet("node-1", { hello: { cluster: "other" } });

  expect(await node.ended()).toMatchObject({ code: Status.PERMISSION_DENIED });
  expect(await refusals(mesh)).toHaveLength(1);
});

test("a token that is revoked ends its stream", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  const other = await mesh.connect("node-2");

  mesh.tokens.revoke("node-1");

  expect(await node.ended()).toMatchObject({ code: Status.UNAUTHENTICATED });
  await other.report(true);
});

test.for([
  [{ node: "" }, 'node "": expected 1 to 253 letters'],
  [{ node: "no/slash" }, 'node "no/slash"'],
  [{ cluster: "" }, 'cluster "": expected up to 63'],
  [{ service: "a b" }, 'service "a b"'],
  [
    { labels: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`l${i}`, "x"])) },
    "labels: 65, of at most 64",
  ],
  [{ labels: { zone: "x".repeat(100_000) } }, 'label "zone"'],
  [{ version: "x".repeat(100_000) }, 'version "xxx'],
  [{ inForce: [{ type: "CHAIN", hash: "short" }] }, 'in_force: "short" is no sha256, hex'],
  [{ staged: [{ plugin: "guard", version: "1.0.0", digest: "" }] }, 'staged: "guard" has no name, version'],
] as readonly (readonly [Partial<Hello>, string])[])(
  "a Hello with %j is refused in plain words",
  async ([hello, words]) => {
    await using mesh = await PushMesh.start();
    const status = await mesh.greet("node-1", { hello }).ended();

    expect(status.code).toBe(Status.INVALID_ARGUMENT);
    expect(status.details).toContain(words);
    expect(status.details.length).toBeLessThan(1_000);
  },
);

test("a cluster that nobody made is named with the nearest one", async () => {
  await using mesh = await PushMesh.start();
  mesh.tokens.everywhere = true;
  const status = await mesh.greet("node-1", { hello: { cluster: "dmeo" } }).ended();

  expect(status).toMatchObject({
    code: Status.INVALID_ARGUMENT,
    details: 'there is no cluster "dmeo", did you mean "demo"?',
  });
});

test("a node that speaks no version that is known here is told which are", async () => {
  await using mesh = await PushMesh.start();
  for (const [apiVersions, said] of [
    [["mesh.v2"], '"mesh.v2"'],
    [[], "none"],
  ] as const) {
    const status = await mesh.greet("node-1", { hello: { apiVersions: [...apiVersions] } }).ended();
    expect(status).toMatchObject({
      code: Status.FAILED_PRECONDITION,
      details: `the node speaks ${said}; this control plane speaks mesh.v1`,
    });
  }
});

test("a stream that begins with anything but Hello is refused", async () => {
  await using mesh = await PushMesh.start();
  const node = mesh.open("node-1");
  node.send({ status: { sequence: 1 } });

  expect(await node.ended()).toMatchObject({
    code: Status.INVALID_ARGUMENT,
    details: "expected Hello first, not status",
  });
});

test("a second Hello ends the stream", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  node.send({ hello: { node: "node-2" } });

  expect(await node.ended()).toMatchObject({ code: Status.INVALID_ARGUMENT, details: "Hello comes once" });
});

test("streams that say nothing are bounded in number and in time", async () => {
  await using mesh = await PushMesh.start({ settings: { connecting: 2 } });
  const silent = [mesh.open("node-1"), mesh.open("node-2")];
  await mesh.eventually(() => mesh.server.connecting === 2);
  const third = await mesh.greet("node-3").ended();
  expect(third.code).toBe(Status.RESOURCE_EXHAUSTED);
  expect(third.details).toContain("come back with back-off and jitter");

  mesh.clock.advance(mesh.settings.helloTimeout);
  for (const node of silent) expect(await node.ended()).toMatchObject({ code: Status.DEADLINE_EXCEEDED });
  await mesh.connect("node-3");
});

test("a second process under the name of a node that answers is refused", async () => {
  await using mesh = await PushMesh.start();
  const first = await mesh.connect("node-1");
  const second = await mesh.greet("node-1", { hello: { incarnation: "another" } }).ended();

  expect(second).toMatchObject({ code: Status.ALREADY_EXISTS });
  await first.report(true);
});

test("a newer stream of the same process takes the place of the older", async () => {
  await using mesh = await PushMesh.start();
  const first = await mesh.connect("node-1");
  const second = await mesh.connect("node-1");

  expect(await first.ended()).toMatchObject({ code: Status.ABORTED });
  expect(await second.report(true)).toBe(false);
  expect(mesh.server.streams).toBe(1);
  expect(mesh.reports.get("node-1")!.report.connected).toBe(true);
});

test("a stream that was silent for two heartbeats gives way to another process", async () => {
  await using mesh = await PushMesh.start();
  const first = await mesh.connect("node-1");
  mesh.clock.advance(2 * mesh.settings.heartbeat + 1);
  const second = await mesh.connect("node-1", { hello: { incarnation: "another" } });

  expect(await first.ended()).toMatchObject({ code: Status.ABORTED });
  await second.report(true);
});

test("a node that hangs up is no longer connected, and its last words stay", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  await node.report(true, [{ plugin: "guard", version: "1.0.0", state: "RUNNING" }]);
  await node[Symbol.asyncDispose]();
  await mesh.until(() => mesh.reports.get("node-1")?.report.connected === false);

  expect(mesh.server.streams).toBe(0);
  expect(mesh.reports.presence("node-1")).toBe("SUSPECT");
  expect(mesh.reports.get("node-1")!.report.plugins).toMatchObject([{ plugin: "guard", status: "RUNNING" }]);
});

test("a shutdown tells each node when to come back, spread over time, and takes nobody new", async () => {
  await using mesh = await PushMesh.start();
  const nodes = [];
  for (let index = 0; index < 40; index++) nodes.push(await mesh.connect(`node-${index}`));

  const drained = mesh.server.drain(10_000);
  const times = new Set<number>();
  for (const node of nodes) {
    times.add((await node.next("goodbye")).reconnectAfter);
    expect(await node.ended()).toMatchObject({ code: Status.OK });
  }
  await drained;

  expect(Math.min(...times)).toBeGreaterThanOrEqual(1_000);
  expect(times.size).toBeGreaterThan(10);
  expect((await mesh.greet("node-99").ended()).code).toBe(Status.UNAVAILABLE);
});

test("a port that is taken is said in one line, with the flag that chooses another", async () => {
  await using first = await PushMesh.start();
  const { port } = first.server;

  await expect(PushMesh.start({ port })).rejects.toThrow(
    `cannot listen on 127.0.0.1:${port}: the port is taken; choose another with --push`,
  );
});
