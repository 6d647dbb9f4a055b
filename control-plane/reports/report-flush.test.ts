import { expect, test } from "vitest";

import { PushMesh } from "../../test/support/push-mesh.ts";

const RUNNING = { plugin: "guard", version: "1.0.0", state: "RUNNING" } as const;

test("what nodes said last outlives a control plane that was killed a second later", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  await node.report(true, [RUNNING]);
  mesh.clock.advance(1_000);
  const { lastSeen } = mesh.reports.get("node-1")!.report;
  await mesh.flush.written();
  // Killed: nothing of what a shutdown writes is written.
  const stored = await mesh.store.loadReports();

  expect(stored).toMatchObject([
    { node: "node-1", lastSeen, plugins: [{ plugin: "guard", status: "RUNNING" }] },
  ]);
});

test("a refusal outlives a control plane that is killed at once, and one that came while others were written", async () => {
  await using mesh = await PushMesh.start();
  const nodes = await Promise.all(["node-1", "node-2"].map(async (id) => mesh.connect(id)));
  await Promise.all(
    nodes.map(async (node) => {
      const stage = await node.next("resource");
      node.nack(stage);
    }),
  );
  await mesh.until(() => ["node-1", "node-2"].every((id) => mesh.reports.sync(id) === "REJECTED"));

  await mesh.flush.written();

  const stored = await mesh.store.loadReports();
  expect(stored.map(({ resources }) => resources.stage.refused.length)).toEqual([1, 1]);
});

test("a refusal that comes in the moment in which a batch ends does not wait for the next", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  await node.ackNext(3);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
  mesh.clock.advance(1_000);
  await mesh.flush.written();

  const refused = Array.from({ length: 8 }, (_, turns) => `hash-${turns}`);
  for (const [turns, hash] of refused.entries()) {
    // A batch of nothing, which is over after a few turns of promises.
    mesh.clock.advance(1_000);
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    mesh.reports.nacked("node-1", "stage", { hash, problems: ["it will not do"] });
    await mesh.flush.written();
    const [stored] = await mesh.store.loadReports();
    expect(stored?.resources.stage.refused.map((mark) => mark.hash)).toContain(hash);
  }
});

test("after a restart a node is what it was, but not connected", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1", { hello: { labels: { zone: "a" } } });
  await node.ackNext(3);
  await node.report(true, [RUNNING]);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");

  await mesh.restart();

  expect(mesh.reports.get("node-1")).toMatchObject({
    node: { labels: { zone: "a" } },
    report: { connected: false, plugins: [{ plugin: "guard", status: "RUNNING" }] },
  });
  expect(mesh.reports.presence("node-1")).toBe("SUSPECT");
  expect(mesh.reports.sync("node-1")).toBe("STALE");
  mesh.clock.advance(120_000);
  expect(mesh.reports.presence("node-1")).toBe("OFFLINE");
});

test("heartbeats alone write nothing for half a minute", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  await node.report(true);
  mesh.clock.advance(1_000);
  await mesh.flush.written();
  const stored = async (): Promise<number | undefined> => (await mesh.store.loadReports())[0]?.lastSeen;
  const before = await stored();

  for (let second = 0; second < 20; second++) {
    await node.report(false);
    mesh.clock.advance(1_000);
    await mesh.flush.written();
  }
  expect(await stored()).toBe(before);
  for (let second = 0; second < 10; second++) {
    mesh.clock.advance(1_000);
    await mesh.flush.written();
  }
  expect(await stored()).toBeGreaterThan(before ?? 0);
});

test("what a failing store did not take is written when it is back", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  await node.report(true, [RUNNING]);
  const save = mesh.store.saveReports.bind(mesh.store);
  mesh.store.saveReports = async () => Promise.reject(new Error("disk full"));
  mesh.clock.advance(1_000);
  await mesh.flush.written();
  expect(mesh.flush.failures).toBe(1);

  mesh.store.saveReports = save;
  mesh.clock.advance(1_000);
  await mesh.flush.written();
  expect(await mesh.store.loadReports()).toMatchObject([{ plugins: [{ plugin: "guard" }] }]);
});
