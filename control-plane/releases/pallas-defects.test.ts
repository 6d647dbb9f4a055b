import { expect, test } from "vitest";

import { person } from "../../test/support/catalogue-records.ts";
import { ANDY, DANA, OLGA, ReleaseWorld } from "../../test/support/release-world.ts";
import { putChainEntry } from "../catalogue/chains.ts";

// Defects of Pallas' plugin upgrade, each by its name or by what we do instead; none is ours.

test("Pallas: DOWNLOAD_DONE (51) and UPGRADE_DONE (61) are stored, not derived when somebody lists", async () => {
  await using world = await ReleaseWorld.create();
  const { id } = await world.create("1.0.0");
  await world.releases.approve(ANDY, { release: id }, "");
  await world.releases.download(OLGA, { release: id });
  await world.quiet();
  for (const node of ["node-1", "node-2", "node-3"]) world.fleet.goes(node, "offline");
  await using again = await world.restart();
  expect(await again.state(id)).toBe("DOWNLOADED");
});

test("Pallas: UPGRADE_GREY (60) goes on to 6: gray becomes full", async () => {
  await using world = await ReleaseWorld.create();
  const { id } = await world.run("1.0.0", { target: { kind: "nodes", nodes: ["node-1"] } });
  await world.releases.promote(OLGA, { release: id });
  await world.quiet();
  expect(await world.state(id)).toBe("ACTIVE");
});

test("Pallas: upgrade, done and stop are not accepted from NEED_APPROVAL, and neither is download, which was the approval", async () => {
  await using world = await ReleaseWorld.create();
  const request = { release: (await world.create("1.0.0")).id };
  const refused = { code: "wrong_state" };
  await expect(world.releases.download(OLGA, request)).rejects.toMatchObject(refused);
  await expect(world.releases.activate(OLGA, request)).rejects.toMatchObject(refused);
  await expect(world.releases.complete(OLGA, request)).rejects.toMatchObject(refused);
  await expect(world.releases.fail(OLGA, request, "stop")).rejects.toMatchObject(refused);
  expect(await world.state(request.release)).toBe("PENDING_APPROVAL");
});

test("Pallas: a command is not lost with the reply that carried it: a node that missed it gets it when it is back", async () => {
  await using world = await ReleaseWorld.create();
  world.fleet.goes("node-2", "offline");
  await world.run("1.0.0");
  expect(world.fleet.running("node-2")).toEqual([]);
  await using again = await world.restart();
  again.fleet.goes("node-2", "online");
  await again.quiet();
  expect(again.fleet.running("node-2")).toEqual(["guard@1.0.0"]);
});

test("Pallas: what went wrong on a node comes back with its text", async () => {
  await using world = await ReleaseWorld.create();
  world.fleet.breaks("node-2", "guard-1.0.0".padEnd(64, "0"));
  const { id } = await world.run("1.0.0");
  const { nodes } = await world.releases.status(id);
  expect(nodes.map(({ node, step, error }) => [node, step, error])).toEqual([
    ["node-1", "active", undefined],
    ["node-2", "failed", "it throws at the top level"],
    ["node-3", "active", undefined],
  ]);
});

test("Pallas: a refused permission does not answer that the cluster does not exist", async () => {
  await using world = await ReleaseWorld.create();
  const request = { release: (await world.create("1.0.0")).id };
  await expect(world.releases.approve(DANA, request, "")).rejects.toMatchObject({
    code: "forbidden",
    message: expect.stringContaining("another person with role approver must approve it") as string,
  });
  await expect(world.create("1.0.0", { cluster: "nowhere" })).rejects.toMatchObject({ code: "not_found" });
});

test("Pallas: remove can be reached: a release that is done is deleted when no node uses it", async () => {
  await using world = await ReleaseWorld.create({ nodes: [] });
  const { id } = await world.run("1.0.0");
  await world.releases.complete(OLGA, { release: id });
  const { release } = await world.releases.delete(OLGA, { release: id });
  expect(release.state).toBe("CANCELLED");
});

test("Pallas: a node is matched by its whole name: node-1 is not node-10", async () => {
  await using world = await ReleaseWorld.create({ nodes: ["node-1", "node-10"] });
  await world.run("1.0.0", { target: { kind: "nodes", nodes: ["node-10"] } });
  expect(world.fleet.running("node-1")).toEqual([]);
  expect(world.fleet.running("node-10")).toEqual(["guard@1.0.0"]);
});

test("Pallas: a rollback is not an order that begins at the first step again", async () => {
  await using world = await ReleaseWorld.create();
  await world.run("1.0.0");
  const { id } = await world.run("1.1.0");
  const { release } = await world.releases.rollBack(OLGA, { release: id, note: "" });
  expect(release.state).toBe("DOWNLOADING");
});

test("Pallas: a scheduled time is in the code too", async () => {
  await using world = await ReleaseWorld.create({ cluster: { requiredApprovals: 0 } });
  const scheduledAt = world.clock.wall() + 60_000;
  const { id, state } = await world.create("1.0.0", { scheduledAt }, person("eve"));
  expect(state).toBe("SCHEDULED");
  world.clock.advance(60_000);
  await world.quiet();
  expect(await world.state(id)).toBe("ACTIVE");
});

test("Pallas: degrade is in the code too, and reaches nodes that run the plugin", async () => {
  await using world = await ReleaseWorld.create();
  await world.run("1.0.0");
  const changes = { plugin: "guard", mode: "degrade" } as const;
  await putChainEntry(world.store, OLGA, { cluster: "demo", changes }, undefined);
  await world.quiet();

  const { node, report } = world.fleet.get("node-1")!;
  expect(world.snapshots.snapshotFor(node, report).resources.chain?.content).toMatchObject({
    entries: [{ plugin: "guard", version: "1.0.0", mode: "degrade" }],
  });
});

test("Pallas: a node that is gone is noticed when it goes, and holds no release up", async () => {
  await using world = await ReleaseWorld.create();
  world.fleet.goes("node-3", "offline");
  const { id } = await world.run("1.0.0");
  const { nodes, settled } = await world.releases.status(id);
  expect(settled).toBe(true);
  expect(nodes.map(({ node, step }) => `${node} ${step}`)).toEqual([
    "node-1 active",
    "node-2 active",
    "node-3 waiting",
  ]);
});
