import { expect, test } from "vitest";

import { ANDY, DANA, OLGA, ReleaseWorld } from "../../test/support/release-world.ts";

test("a rollback to a version that was ACTIVE goes through by itself, without approval", async () => {
  await using world = await ReleaseWorld.create();
  await world.run("1.0.0");
  const second = await world.run("1.1.0");
  const { release } = await world.releases.rollBack(OLGA, { release: second.id, note: "errors" });
  expect(release).toMatchObject({ state: "DOWNLOADING", version: "1.0.0", rollbackOf: second.id });
  // It is the base until the other one is there.
  expect(await world.state(second.id)).toBe("ACTIVE");

  await world.quiet();
  expect(await world.state(release.id)).toBe("ACTIVE");
  expect(await world.get(second.id)).toMatchObject({ state: "ROLLED_BACK", supersededBy: release.id });
  expect(world.fleet.running("node-1")).toEqual(["guard@1.0.0"]);
});

test("a rollback is never refused because something runs: it ends it, and the nodes are at the base at once", async () => {
  await using world = await ReleaseWorld.create();
  await world.run("1.0.0");
  const broken = "guard-1.1.0".padEnd(64, "0");
  world.fleet.breaks("node-3", broken);
  const stuck = await world.run("1.1.0");
  expect(stuck.state).toBe("ACTIVATING");

  const { release } = await world.releases.rollBack(OLGA, { release: stuck.id, note: "" });
  expect(await world.get(stuck.id)).toMatchObject({ state: "ROLLED_BACK", supersededBy: release.id });
  expect((await world.get(stuck.id)).revision).toBe(release.revision);
  await world.quiet();
  expect(await world.state(release.id)).toBe("ACTIVE");
  expect(world.fleet.running("node-1")).toEqual(["guard@1.0.0"]);
});

test("any kept version can be rolled back to, with approval where it never was ACTIVE", async () => {
  await using world = await ReleaseWorld.create();
  await world.run("1.0.0");
  const second = await world.run("1.1.0");
  const { release } = await world.releases.rollBack(DANA, { release: second.id, version: "2.0.0", note: "" });
  expect(release.state).toBe("PENDING_APPROVAL");
  expect(await world.state(second.id)).toBe("ACTIVE");

  await expect(world.releases.approve(DANA, { release: release.id }, "")).rejects.toMatchObject({
    code: "forbidden",
  });
  await world.releases.approve(ANDY, { release: release.id }, "");
  await world.quiet();
  expect(await world.state(release.id)).toBe("ACTIVE");
  expect(world.fleet.running("node-2")).toEqual(["guard@2.0.0"]);
});

test("a cluster may demand approval for every rollback", async () => {
  await using world = await ReleaseWorld.create({ cluster: { rollbackApproval: true } });
  await world.run("1.0.0");
  const second = await world.run("1.1.0");
  const { release } = await world.releases.rollBack(OLGA, { release: second.id, note: "" });
  expect(release.state).toBe("PENDING_APPROVAL");
});

test("a version that was gray only was never ACTIVE, and needs approval", async () => {
  await using world = await ReleaseWorld.create();
  await world.run("1.0.0");
  const gray = await world.run("2.0.0", { target: { kind: "nodes", nodes: ["node-1"] } });
  await world.releases.delete(OLGA, { release: gray.id });
  const second = await world.run("1.1.0");
  const { release } = await world.releases.rollBack(OLGA, { release: second.id, version: "2.0.0", note: "" });
  expect(release.state).toBe("PENDING_APPROVAL");
});

test("a rollback waits for approval beside what is open, ends it when it begins, and only the newest request stays", async () => {
  await using world = await ReleaseWorld.create();
  const base = await world.run("1.0.0");
  const gray = await world.run("1.1.0", { target: { kind: "nodes", nodes: ["node-1"] } });
  const first = await world.releases.rollBack(OLGA, { release: gray.id, version: "2.0.0", note: "" });
  expect(await world.state(gray.id)).toBe("GRAY");
  const newer = await world.releases.rollBack(OLGA, { release: base.id, version: "2.0.0", note: "" });
  expect(await world.get(first.release.id)).toMatchObject({ state: "SUPERSEDED" });

  await world.releases.approve(ANDY, { release: newer.release.id }, "");
  expect(await world.state(gray.id)).toBe("SUPERSEDED");
  await world.quiet();
  expect(await world.state(base.id)).toBe("ROLLED_BACK");
  expect(world.fleet.running("node-1")).toEqual(["guard@2.0.0"]);
});

test("a rollback that changes nothing, or has nowhere to go, says so", async () => {
  await using world = await ReleaseWorld.create();
  const first = await world.run("1.0.0");
  await expect(world.releases.rollBack(OLGA, { release: first.id, note: "" })).rejects.toThrow(
    "nothing ran in full before release 1 (guard 1.0.0 in demo): name a version",
  );
  await expect(
    world.releases.rollBack(OLGA, { release: first.id, version: "1.0.0", note: "" }),
  ).rejects.toThrow("name another one");
  await world.run("1.1.0");
  await expect(
    world.releases.rollBack(OLGA, { release: first.id, version: "1.1.0", note: "" }),
  ).rejects.toMatchObject({ code: "wrong_state" });
});
