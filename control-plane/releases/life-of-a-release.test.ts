import { expect, test } from "vitest";

import { ANDY, DANA, OLGA, ReleaseWorld } from "../../test/support/release-world.ts";
import { person } from "../../test/support/catalogue-records.ts";

test("a full release goes from request to done, every state of it stored", async () => {
  await using world = await ReleaseWorld.create();
  const { releases, fleet } = world;
  const { id, state } = await world.create("1.0.0");
  expect(state).toBe("PENDING_APPROVAL");
  const request = { release: id };

  expect((await releases.approve(ANDY, request, "fine")).release.state).toBe("APPROVED");
  expect((await releases.download(OLGA, request)).release.state).toBe("DOWNLOADING");
  await world.quiet();
  expect(await world.state(id)).toBe("DOWNLOADED");
  expect(fleet.running("node-1")).toEqual([]);
  expect((await releases.activate(OLGA, request)).release.state).toBe("ACTIVATING");
  await world.quiet();
  expect(await world.state(id)).toBe("ACTIVE");
  expect(fleet.running("node-1")).toEqual(["guard@1.0.0"]);
  expect((await releases.complete(OLGA, request)).release.state).toBe("DONE");

  const audit = await world.store.read((view) => view.audit.list({ kind: "releases" }, { limit: 100 }));
  expect(audit.items.map(({ actor, action }) => `${actor} ${action}`).toSorted()).toEqual(
    [
      "dana release.create",
      "andy release.approve",
      "olga release.download",
      "system/reports release.downloaded",
      "olga release.activate",
      "system/reports release.active",
      "olga release.complete",
    ].toSorted(),
  );
});

test("a release that becomes active ends the one before, in the same transaction", async () => {
  await using world = await ReleaseWorld.create();
  const first = await world.run("1.0.0");
  const second = await world.run("1.1.0");

  expect(second).toMatchObject({ state: "ACTIVE", base: "1.0.0" });
  const ended = await world.get(first.id);
  expect(ended).toMatchObject({ state: "SUPERSEDED", supersededBy: second.id });
  expect(ended.revision).toBe(second.revision);
});

test("a failed release gives its nodes back to the base", async () => {
  await using world = await ReleaseWorld.create();
  await world.run("1.0.0");
  world.fleet.breaks("node-2", "guard-2.0.0".padEnd(64, "0"));
  const { id, state } = await world.run("2.0.0");
  expect(state).toBe("ACTIVATING");
  expect(world.fleet.running("node-1")).toEqual(["guard@2.0.0"]);
  expect(world.fleet.running("node-2")).toEqual(["guard@1.0.0"]);
  const status = await world.releases.status(id);
  expect(status).toMatchObject({ settled: true, counts: { active: 2, failed: 1 } });
  expect(status.nodes.find(({ node }) => node === "node-2")).toMatchObject({
    step: "failed",
    running: "1.0.0",
    error: "it throws at the top level",
  });

  await world.releases.fail(OLGA, { release: id }, "node-2 cannot load it");
  await world.quiet();
  expect(await world.state(id)).toBe("FAILED");
  expect(world.fleet.running("node-1")).toEqual(["guard@1.0.0"]);
  expect((await world.releases.status(id)).settled).toBe(true);
});

test("a node that refused is asked again when somebody says retry, and only that one", async () => {
  await using world = await ReleaseWorld.create();
  const digest = "guard-1.0.0".padEnd(64, "0");
  world.fleet.breaks("node-2", digest);
  const { id } = await world.run("1.0.0");
  world.fleet.retried.length = 0;
  world.fleet.repairs("node-2", digest);
  await world.quiet();
  expect(await world.state(id)).toBe("ACTIVATING");

  await world.releases.retry(OLGA, { release: id });
  await world.quiet();
  expect(world.fleet.retried).toEqual(["node-2"]);
  expect(await world.state(id)).toBe("ACTIVE");
  await expect(world.releases.retry(OLGA, { release: id }, ["nod-1"])).rejects.toThrow(
    'demo has no node "nod-1", did you mean "node-1"?',
  );
});

test("a node that is OFFLINE holds nothing up and catches up when it is back", async () => {
  await using world = await ReleaseWorld.create();
  await world.run("1.0.0");
  world.fleet.goes("node-3", "offline");
  const { id, state } = await world.run("1.1.0");
  expect(state).toBe("ACTIVE");
  expect(world.fleet.running("node-3")).toEqual(["guard@1.0.0"]);

  world.fleet.goes("node-3", "online");
  await world.quiet();
  expect(world.fleet.running("node-3")).toEqual(["guard@1.1.0"]);
  expect((await world.releases.status(id)).counts).toMatchObject({ active: 3 });
});

test("while the control plane has just started, nobody who has not spoken yet counts as OFFLINE", async () => {
  await using world = await ReleaseWorld.create();
  world.fleet.settled = false;
  world.fleet.goes("node-3", "offline");
  const { id } = await world.run("1.0.0");
  expect(await world.state(id)).toBe("ACTIVATING");
  world.fleet.goes("node-3", "online");
  await world.quiet();
  expect(await world.state(id)).toBe("ACTIVE");
});

test("one release of a plugin is open in a cluster at a time, and the refusal says what can be done", async () => {
  await using world = await ReleaseWorld.create();
  await world.create("1.0.0");
  await expect(world.create("1.1.0")).rejects.toThrow(
    /release 1 \(guard 1.0.0 in demo\) is PENDING_APPROVAL, and .* one open release .*; possible: approve/,
  );
});

test("a version that runs in full already is no release", async () => {
  await using world = await ReleaseWorld.create();
  await world.run("1.0.0");
  await expect(world.create("1.0.0")).rejects.toThrow("guard 1.0.0 runs in full in demo already");
});

test("where a cluster asks for no approvals a release is APPROVED at once", async () => {
  await using world = await ReleaseWorld.create({ cluster: { requiredApprovals: 0 } });
  expect((await world.create("1.0.0")).state).toBe("APPROVED");
});

test("a step that the table does not have is refused, says what is possible, and takes no tick", async () => {
  await using world = await ReleaseWorld.create();
  const { id, revision } = await world.create("1.0.0");
  await expect(world.releases.promote(OLGA, { release: id })).rejects.toMatchObject({
    code: "wrong_state",
    message:
      "release 1 (guard 1.0.0 in demo) is PENDING_APPROVAL: no promote now; 0 of 1 approvals are there, another person than dana with role approver must approve it; possible: approve, bypass, reject, edit, cancel, rollback",
  });
  const tick = await world.store.read(async (view) => view.tick);
  expect(tick).toBe(revision);
  await expect(world.releases.cancel(DANA, { release: 77 }, "")).rejects.toMatchObject({ code: "not_found" });
});

test("whoever has seen an older revision is told before anything else", async () => {
  await using world = await ReleaseWorld.create();
  const { id, revision } = await world.create("1.0.0");
  await world.releases.cancel(DANA, { release: id, expected: revision }, "");
  await expect(
    world.releases.approve(person("eve"), { release: id, expected: revision }, ""),
  ).rejects.toMatchObject({ code: "revision_mismatch" });
});
