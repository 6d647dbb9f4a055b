import { expect, test } from "vitest";

import { person } from "../../test/support/catalogue-records.ts";
import { ANDY, DANA, OLGA, ReleaseWorld } from "../../test/support/release-world.ts";

const EVE = person("eve");

test("as many different people as the cluster asks for, and never the author", async () => {
  await using world = await ReleaseWorld.create({ cluster: { requiredApprovals: 2 } });
  const { releases } = world;
  const request = { release: (await world.create("1.0.0")).id };

  await expect(releases.approve(DANA, request, "")).rejects.toMatchObject({
    code: "forbidden",
    message:
      "dana is the author of release 1 (guard 1.0.0 in demo): another person with role approver must approve it",
  });
  expect((await releases.approve(ANDY, request, "fine")).release.state).toBe("PENDING_APPROVAL");
  await expect(releases.approve(ANDY, request, "again")).rejects.toMatchObject({ code: "conflict" });
  const other = { ...person("andy"), tokenId: "another-token" };
  await expect(releases.approve(other as typeof ANDY, request, "")).rejects.toMatchObject({
    code: "conflict",
  });
  const { release } = await releases.approve(EVE, request, "");
  expect(release).toMatchObject({
    state: "APPROVED",
    approvals: [{ by: "andy", note: "fine" }, { by: "eve" }],
  });
});

test("an edit revokes approvals, and who edited does not approve", async () => {
  await using world = await ReleaseWorld.create();
  const { releases } = world;
  const request = { release: (await world.create("1.0.0")).id };
  await releases.approve(ANDY, request, "");

  const edited = await releases.edit(EVE, request, { note: "another note" });
  expect(edited.release).toMatchObject({ state: "PENDING_APPROVAL", approvals: [], note: "another note" });
  await expect(releases.approve(EVE, request, "")).rejects.toThrow("eve edited release 1");
  expect((await releases.approve(ANDY, request, "")).release.state).toBe("APPROVED");
});

test("nobody who ever edited it approves, whoever edited it last", async () => {
  await using world = await ReleaseWorld.create();
  const { releases } = world;
  const request = { release: (await world.create("1.0.0")).id };

  await releases.edit(EVE, request, { note: "another note" });
  await releases.edit(ANDY, request, { note: "a third note" });

  for (const editor of [EVE, ANDY])
    await expect(releases.approve(editor, request, "")).rejects.toMatchObject({ code: "forbidden" });
});

test("nothing is edited any more when nodes have begun", async () => {
  await using world = await ReleaseWorld.create();
  const { id } = await world.run("1.0.0");
  await expect(world.releases.edit(DANA, { release: id }, { note: "x" })).rejects.toMatchObject({
    code: "wrong_state",
  });
});

test("a bypass goes on without approvals and is in the record as such", async () => {
  await using world = await ReleaseWorld.create({ cluster: { requiredApprovals: 3 } });
  const request = { release: (await world.create("1.0.0")).id };
  const { release } = await world.releases.bypass(EVE, request, "the site is down");
  expect(release).toMatchObject({
    state: "APPROVED",
    approvals: [{ by: "eve", note: "the site is down", bypass: true }],
  });
  const { items } = await world.store.read((view) =>
    view.audit.list({ action: "release.bypass" }, { limit: 10 }),
  );
  expect(items).toMatchObject([{ actor: "eve", outcome: "accepted" }]);
});

test("a cluster that asks for more holds what is in force nowhere, until the others approve too", async () => {
  await using world = await ReleaseWorld.create({ cluster: { requiredApprovals: 1 } });
  const request = { release: (await world.create("1.0.0")).id };
  await world.releases.approve(ANDY, request, "");
  await world.releases.download(OLGA, request);
  await world.quiet();
  expect(await world.state(request.release)).toBe("DOWNLOADED");

  await world.asks({ requiredApprovals: 2 });

  for (const step of ["download", "activate"] as const)
    await expect(world.releases[step](OLGA, request)).rejects.toMatchObject({
      code: "wrong_state",
      message: `release 1 (guard 1.0.0 in demo) is PENDING_APPROVAL: no ${step} now; 1 of 2 approvals are there, another person than dana with role approver must approve it; possible: approve, bypass, reject, edit, cancel, rollback`,
    });
  const { release } = await world.releases.approve(EVE, request, "");
  expect(release).toMatchObject({ state: "APPROVED", requiredApprovals: 2, approvals: [{}, {}] });
  expect((await world.releases.download(OLGA, request)).release.state).toBe("DOWNLOADING");
});

test("what is in force, or has ended, was approved under the rules of its time", async () => {
  await using world = await ReleaseWorld.create({ cluster: { requiredApprovals: 1 } });
  const done = await world.run("1.0.0");
  const gray = await world.run("1.1.0", { target: { kind: "nodes", nodes: ["node-1"] } });

  await world.asks({ requiredApprovals: 3 });

  expect(await world.get(done.id)).toEqual(done);
  expect(await world.get(gray.id)).toEqual(gray);
  await world.releases.promote(OLGA, { release: gray.id });
  await world.quiet();
  expect(await world.get(gray.id)).toMatchObject({ state: "ACTIVE", requiredApprovals: 1 });
});

test("a release with a time waits as well, and begins at once when the last approval comes late", async () => {
  await using world = await ReleaseWorld.create({ cluster: { requiredApprovals: 1 } });
  const request = { release: (await world.create("1.0.0", { scheduledAt: world.clock.wall() + 60_000 })).id };
  await world.releases.approve(ANDY, request, "");
  await world.asks({ requiredApprovals: 2 });
  world.clock.advance(120_000);
  await world.quiet();
  expect(await world.state(request.release)).toBe("PENDING_APPROVAL");

  await world.releases.approve(EVE, request, "");
  await world.quiet();

  expect(await world.state(request.release)).toBe("ACTIVE");
});

test("a bypass is not asked again", async () => {
  await using world = await ReleaseWorld.create({ cluster: { requiredApprovals: 1 } });
  const request = { release: (await world.create("1.0.0")).id };
  await world.releases.bypass(EVE, request, "the site is down");

  await world.asks({ requiredApprovals: 2 });

  expect((await world.releases.download(OLGA, request)).release.requiredApprovals).toBe(1);
});

test("a cluster that asks for no more than there are lets go on what has waited", async () => {
  await using world = await ReleaseWorld.create({ cluster: { requiredApprovals: 2 } });
  const { id } = await world.create("1.0.0");
  await world.releases.approve(ANDY, { release: id }, "");

  await world.asks({ requiredApprovals: 1 });

  expect(await world.get(id)).toMatchObject({ state: "APPROVED", requiredApprovals: 1 });
});

test("a rollback waits, and goes on, with what its cluster asks of rollbacks", async () => {
  await using world = await ReleaseWorld.create({ cluster: { rollbackApproval: true } });
  await world.run("1.0.0");
  const { id } = await world.run("1.1.0");
  const { release } = await world.releases.rollBack(OLGA, { release: id, note: "" });
  expect(release).toMatchObject({ state: "PENDING_APPROVAL", requiredApprovals: 1 });

  await world.asks({ rollbackApproval: false });
  await world.quiet();

  expect(await world.get(release.id)).toMatchObject({ state: "ACTIVE", requiredApprovals: 0 });
});

test("a rollback that is edited while it waits still goes on by itself", async () => {
  await using world = await ReleaseWorld.create({ cluster: { rollbackApproval: true } });
  await world.run("1.0.0");
  const { id } = await world.run("1.1.0");
  const { release } = await world.releases.rollBack(OLGA, { release: id, note: "" });

  await world.releases.edit(OLGA, { release: release.id }, { note: "it loses orders" });
  await world.releases.approve(ANDY, { release: release.id }, "");
  await world.quiet();

  expect(await world.state(release.id)).toBe("ACTIVE");
});

test("a rejected release is at its end", async () => {
  await using world = await ReleaseWorld.create();
  const request = { release: (await world.create("1.0.0")).id };
  const { release } = await world.releases.reject(ANDY, request, "not on Fridays");
  expect(release).toMatchObject({ state: "REJECTED", reason: "not on Fridays" });
  await expect(world.releases.approve(ANDY, request, "")).rejects.toThrow("nothing more is possible");
  expect((await world.create("1.0.0")).state).toBe("PENDING_APPROVAL");
});

test("what is not known is named with what is near", async () => {
  await using world = await ReleaseWorld.create();
  await expect(world.create("1.0.1")).rejects.toThrow(
    'there is no version of guard "1.0.1", did you mean "1.0.0"?',
  );
  await expect(world.create("1.0.0", { plugin: "gaurd" })).rejects.toThrow('did you mean "guard"?');
  await expect(world.create("1.0.0", { cluster: "dmeo" })).rejects.toThrow('did you mean "demo"?');
  await expect(world.create("1.0.0", { target: { kind: "nodes", nodes: ["node1"] } })).rejects.toMatchObject({
    code: "invalid_input",
    problems: [{ key: "target.nodes", message: 'demo has no node "node1", did you mean "node-1"?' }],
  });
  await expect(
    world.create("1.0.0", { target: { kind: "percentage", percentage: 0.001 } }),
  ).rejects.toMatchObject({ code: "invalid_input" });
});

test("a version that is not approved is not released where the domain asks for that", async () => {
  await using world = await ReleaseWorld.create({ versionApproval: true });
  await world.store.change(DANA, "test.version", async (change) => {
    const version = await change.versions.get({ plugin: "guard", version: "1.0.0" });
    await change.versions.update({ ...version!, approval: "PENDING" });
  });
  await expect(world.create("1.0.0")).rejects.toThrow(
    "guard 1.0.0 is not approved, which domain shop asks for",
  );
  expect((await world.create("1.1.0")).state).toBe("PENDING_APPROVAL");
});

test("a version that does not fit the chain's config is refused, and the config's key is named", async () => {
  await using world = await ReleaseWorld.create();
  await world.store.change(OLGA, "test.schema", async (change) => {
    const version = await change.versions.get({ plugin: "guard", version: "1.0.0" });
    const configSchema = { type: "object", required: ["key"], properties: { key: { type: "string" } } };
    await change.versions.update({ ...version!, configSchema });
    const chain = await change.chains.get("demo");
    const entries = chain!.entries.map((entry) => ({ ...entry, config: { key: 1 } }));
    await change.chains.update({ ...chain!, entries });
  });
  await expect(world.create("1.0.0")).rejects.toMatchObject({
    code: "invalid_input",
    problems: [{ where: "chain of demo", key: "entries[0].config.key", message: "must be string" }],
  });
});
