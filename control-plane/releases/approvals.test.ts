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
