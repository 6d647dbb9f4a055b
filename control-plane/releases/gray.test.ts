import { expect, test } from "vitest";

import type { Release, ReleaseTarget } from "../model/release.ts";
import { nodeIn } from "../../test/support/catalogue-records.ts";
import { ANDY, DANA, OLGA, ReleaseWorld } from "../../test/support/release-world.ts";

const NODES = Array.from({ length: 40 }, (_, index) => `node-${index}`);
const share = (percentage: number): ReleaseTarget => ({ kind: "percentage", percentage });

function grayNodes(world: ReleaseWorld): string[] {
  return NODES.filter((id) => world.fleet.running(id).includes("guard@1.1.0"));
}

test("gray is on part of the nodes, is widened and narrowed, and becomes full as a step of the same release", async () => {
  await using world = await ReleaseWorld.create({ nodes: NODES });
  const { releases } = world;
  const base = await world.run("1.0.0");
  const { id, state } = await world.run("1.1.0", { target: share(25) });
  expect(state).toBe("GRAY");
  const first = grayNodes(world);
  expect(first.length).toBeGreaterThan(0);
  expect(first.length).toBeLessThan(NODES.length);

  expect((await releases.widen(OLGA, { release: id }, share(60))).release.state).toBe("ACTIVATING");
  await world.quiet();
  expect(await world.state(id)).toBe("GRAY");
  const wide = grayNodes(world);
  expect(wide.length).toBeGreaterThan(first.length);
  expect(first.filter((node) => !wide.includes(node))).toEqual([]);

  await releases.widen(OLGA, { release: id }, share(25));
  await world.quiet();
  expect(grayNodes(world)).toEqual(first);
  expect(await world.state(base.id)).toBe("ACTIVE");

  await releases.promote(OLGA, { release: id });
  await world.quiet();
  expect(await world.get(id)).toMatchObject({ state: "ACTIVE", target: { kind: "full" } });
  expect(grayNodes(world)).toEqual(NODES);
  expect(await world.state(base.id)).toBe("SUPERSEDED");
});

test("gray may be deleted while in force: its nodes go back to the base", async () => {
  await using world = await ReleaseWorld.create();
  await world.run("1.0.0");
  const { id } = await world.run("1.1.0", { target: { kind: "nodes", nodes: ["node-2"] } });
  expect(world.fleet.running("node-2")).toEqual(["guard@1.0.0", "guard@1.1.0"]);

  expect((await world.releases.delete(OLGA, { release: id })).release.state).toBe("CANCELLED");
  await world.quiet();
  expect(world.fleet.running("node-2")).toEqual(["guard@1.0.0"]);
});

test("gray on some nodes of a plugin that never ran: the others run nothing of it, and nobody when it is deleted", async () => {
  await using world = await ReleaseWorld.create();
  const { id } = await world.run("1.1.0", { target: { kind: "nodes", nodes: ["node-2"] } });
  expect(world.fleet.running("node-1")).toEqual([]);
  expect(world.fleet.running("node-2")).toEqual(["guard@1.1.0"]);
  await world.releases.delete(OLGA, { release: id });
  await world.quiet();
  expect(world.fleet.running("node-2")).toEqual([]);
});

test("both versions live on every node for a share of the traffic, which needs a base", async () => {
  await using world = await ReleaseWorld.create();
  const target: ReleaseTarget = { kind: "traffic", percentage: 10 };
  await expect(world.create("1.1.0", { target })).rejects.toThrow("no version of guard runs in demo");
  await world.run("1.0.0");
  const { state } = await world.run("1.1.0", { target });
  expect(state).toBe("GRAY");
  expect(world.fleet.running("node-1")).toEqual(["guard@1.0.0", "guard@1.1.0"]);
});

test.for(["promote", "widen", "narrow", "roll back"] as const)(
  "a node that takes nothing holds a %s of a share of the traffic up, and nobody completes it",
  async (way) => {
    await using world = await ReleaseWorld.create();
    const { releases, fleet } = world;
    await world.run("1.0.0");
    const gray = await world.run("1.1.0", { target: { kind: "traffic", percentage: 10 } });
    const request = { release: gray.id };
    fleet.stops("node-2");
    const toTraffic = (percentage: number): Promise<{ release: Release }> =>
      releases.widen(OLGA, request, { kind: "traffic", percentage });
    const step = {
      promote: () => releases.promote(OLGA, request),
      widen: () => toTraffic(50),
      narrow: () => toTraffic(1),
      "roll back": () => releases.rollBack(OLGA, { ...request, note: "" }),
    };
    const { id } = (await step[way]()).release;
    await world.quiet();

    expect(await releases.status(id)).toMatchObject({
      release: { state: "ACTIVATING" },
      counts: { active: 2, activating: 1 },
      settled: false,
    });
    await expect(releases.complete(OLGA, { release: id })).rejects.toMatchObject({ code: "wrong_state" });

    fleet.continues("node-2");
    await world.quiet();
    const isFull = way === "promote" || way === "roll back";
    expect(await world.state(id)).toBe(isFull ? "ACTIVE" : "GRAY");
    expect((await releases.status(id)).counts).toMatchObject({ active: 3 });
  },
);

test.for([
  ["nodes", { kind: "nodes", nodes: ["node-1", "node-2"] }, { kind: "nodes", nodes: ["node-1"] }],
  ["labels", { kind: "nodes", nodes: ["node-1", "node-2"] }, { kind: "selector", labels: { zone: "a" } }],
  ["percentage", { kind: "traffic", percentage: 50 }, { kind: "percentage", percentage: 0.01 }],
] as const)(
  "narrowed by %s, a node that leaves is waited for until it has acknowledged a chain without the version",
  async ([, wide, narrow]) => {
    await using world = await ReleaseWorld.create();
    const { releases, fleet } = world;
    await world.run("1.0.0");
    fleet.join({ ...nodeIn("demo", "node-1"), labels: { zone: "a" }, revision: 1 });
    await world.quiet();
    const { id } = await world.run("1.1.0", { target: wide });
    await releases.widen(OLGA, { release: id }, narrow);
    const { nodes: planned } = await releases.status(id);
    const leaves = planned.find((each) => !each.targeted && each.running === "1.1.0")?.node ?? "";
    fleet.stops(leaves);
    await world.quiet();

    const { release, nodes, settled } = await releases.status(id);
    const row = nodes.find(({ node }) => node === leaves);
    expect(row).toMatchObject({ targeted: false, step: "activating", running: "1.1.0" });
    expect([release.state, settled]).toEqual(["ACTIVATING", false]);

    fleet.continues(leaves);
    await world.quiet();
    expect(await world.state(id)).toBe("GRAY");
    expect(fleet.running(leaves)).toEqual(["guard@1.0.0"]);
    expect((await releases.status(id)).settled).toBe(true);
  },
);

test("a node that leaves a narrowed release holds nothing up once it is OFFLINE", async () => {
  await using world = await ReleaseWorld.create();
  const { releases, fleet } = world;
  await world.run("1.0.0");
  const { id } = await world.run("1.1.0", { target: { kind: "nodes", nodes: ["node-1", "node-2"] } });
  fleet.stops("node-2");
  await releases.widen(OLGA, { release: id }, { kind: "nodes", nodes: ["node-1"] });
  await world.quiet();
  expect(await world.state(id)).toBe("ACTIVATING");

  fleet.goes("node-2", "offline");
  await world.quiet();
  expect(await world.state(id)).toBe("GRAY");
});

test("a node that joins runs the base, and the gray version where the selector fits it", async () => {
  await using world = await ReleaseWorld.create();
  await world.run("1.0.0");
  const { id } = await world.run("1.1.0", { target: { kind: "selector", labels: { zone: "a" } } });
  const rest = { cluster: "demo", service: "s", symbol: "stable", version: "1", platform: "l", revision: 1 };
  world.fleet.join({ id: "late-1", labels: {}, ...rest });
  world.fleet.join({ id: "late-2", labels: { zone: "a" }, ...rest });
  await world.quiet();
  expect(world.fleet.running("late-1")).toEqual(["guard@1.0.0"]);
  expect(world.fleet.running("late-2")).toEqual(["guard@1.0.0", "guard@1.1.0"]);
  expect((await world.releases.status(id)).counts).toMatchObject({ active: 1 });
});

test.for([
  [["node-1"], 1],
  [["node-1"], 50],
  [["node-1", "node-2", "node-3"], 0.01],
] as const)("of %j a gray release to %d%% of the nodes takes one at least", async ([nodes, percentage]) => {
  await using world = await ReleaseWorld.create({ nodes });
  await world.run("1.0.0");
  // Each has another salt: by the share alone some of these would take nobody.
  for (let round = 0; round < 5; round++) {
    const gray = await world.run("1.1.0", { target: { kind: "percentage", percentage } });

    const { nodes: status } = await world.releases.status(gray.id);
    expect(status.filter(({ targeted }) => targeted).map(({ step }) => step)).toEqual(["active"]);
    expect(gray.state).toBe("GRAY");
    await world.releases.delete(OLGA, { release: gray.id });
    await world.quiet();
  }
});

test("the one node of a small percentage stays when that grows, and is another one when it is away", async () => {
  await using world = await ReleaseWorld.create();
  await world.run("1.0.0");
  const small = { kind: "percentage", percentage: 0.01 } as const;
  const { id, firstNode = "" } = await world.create("1.1.0", { target: small });
  world.fleet.goes(firstNode, "offline");

  await world.releases.edit(DANA, { release: id }, { note: "again" });
  const other = (await world.get(id)).firstNode;
  expect(["node-1", "node-2", "node-3"].filter((each) => each !== firstNode)).toContain(other);
  world.fleet.goes(firstNode, "online");
  await world.releases.edit(DANA, { release: id }, { target: { kind: "percentage", percentage: 100 } });
  expect((await world.get(id)).firstNode).toBe(other);
  await world.releases.edit(DANA, { release: id }, { target: { kind: "full" } });
  expect((await world.get(id)).firstNode).toBeUndefined();
});

const ZONE: ReleaseTarget = { kind: "selector", labels: { zone: "a" } };

test("gray that fits no node waits for one, in each of its steps, and goes on when it has come", async () => {
  await using world = await ReleaseWorld.create();
  await world.run("1.0.0");
  const { id } = await world.create("1.1.0", { target: ZONE });
  await world.releases.approve(ANDY, { release: id }, "");
  await world.releases.download(OLGA, { release: id });
  await world.quiet();
  expect(await world.releases.status(id)).toMatchObject({
    release: { state: "DOWNLOADING" },
    settled: false,
  });

  await world.releases.activate(OLGA, { release: id });
  await world.quiet();
  expect(await world.releases.status(id)).toMatchObject({ release: { state: "ACTIVATING" }, settled: false });
  await expect(world.releases.promote(OLGA, { release: id })).rejects.toMatchObject({ code: "wrong_state" });

  world.fleet.join({ ...nodeIn("demo", "late"), labels: { zone: "a" }, revision: 1 });
  await world.quiet();
  expect(await world.releases.status(id)).toMatchObject({ release: { state: "GRAY" }, settled: true });
  expect(world.fleet.running("late")).toEqual(["guard@1.0.0", "guard@1.1.0"]);
});

test("gray whose nodes are all OFFLINE waits for one of them, and only for one", async () => {
  await using world = await ReleaseWorld.create();
  await world.run("1.0.0");
  for (const node of ["node-1", "node-2"]) world.fleet.goes(node, "offline");
  const { id, state } = await world.run("1.1.0", { target: { kind: "nodes", nodes: ["node-1", "node-2"] } });
  expect(state).toBe("ACTIVATING");

  world.fleet.goes("node-2", "online");
  await world.quiet();
  expect(await world.state(id)).toBe("GRAY");
});

test.for(["fail", "delete", "cancel", "roll back", "widen"] as const)(
  "%s leads out of waiting for a node that fits",
  async (way) => {
    await using world = await ReleaseWorld.create();
    const { releases } = world;
    await world.run("1.0.0");
    const gray = await world.create("1.1.0", { target: ZONE });
    const request = { release: gray.id };
    await releases.approve(ANDY, request, "");
    await releases.download(OLGA, request);
    if (way !== "cancel") await releases.activate(OLGA, request);
    await world.quiet();

    if (way === "fail") await releases.fail(OLGA, request, "nobody came");
    if (way === "delete") await releases.delete(OLGA, request);
    if (way === "cancel") await releases.cancel(DANA, request, "");
    if (way === "roll back") await releases.rollBack(OLGA, { ...request, note: "" });
    if (way === "widen") await releases.widen(OLGA, request, { kind: "nodes", nodes: ["node-1"] });
    await world.quiet();
    const ends = {
      fail: "FAILED",
      delete: "CANCELLED",
      cancel: "CANCELLED",
      "roll back": "ROLLED_BACK",
      widen: "GRAY",
    };
    expect(await world.state(gray.id)).toBe(ends[way]);
  },
);

test("a full release of a cluster without nodes goes on: who joins runs it", async () => {
  await using world = await ReleaseWorld.create({ nodes: [] });
  expect(await world.run("1.0.0")).toMatchObject({ state: "ACTIVE" });
  world.fleet.join({ ...nodeIn("demo", "late"), revision: 1 });
  await world.quiet();
  expect(world.fleet.running("late")).toEqual(["guard@1.0.0"]);
});

test("full may not be edited or widened, and is deleted only when no node uses it", async () => {
  await using world = await ReleaseWorld.create();
  const { id } = await world.run("1.0.0");
  const request = { release: id };
  await expect(world.releases.widen(OLGA, request, share(50))).rejects.toMatchObject({ code: "wrong_state" });
  await expect(world.releases.delete(OLGA, request)).rejects.toMatchObject({
    code: "in_use",
    message: "release 1 (guard 1.0.0 in demo) is used by node-1, node-2, node-3",
  });

  await world.store.change(OLGA, "test.chain", async (change) => {
    const chain = await change.chains.get("demo");
    await change.chains.update({ ...chain!, entries: [] });
  });
  await world.quiet();
  expect((await world.releases.delete(OLGA, request)).release.state).toBe("CANCELLED");
});

test("a full release that another one may go back to is not deleted", async () => {
  await using world = await ReleaseWorld.create({ nodes: [] });
  const { id } = await world.run("1.0.0");
  await world.create("1.1.0");
  await expect(world.releases.delete(OLGA, { release: id })).rejects.toMatchObject({ code: "in_use" });
});
