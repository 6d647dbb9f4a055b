import { expect, test } from "vitest";

import { ANDY, OLGA, ReleaseWorld } from "../../test/support/release-world.ts";

const HOUR = 3_600_000;

test("a release with a time waits for it, then downloads and activates by itself", async () => {
  await using world = await ReleaseWorld.create();
  const { id } = await world.create("1.0.0", { scheduledAt: world.clock.wall() + HOUR });
  await world.releases.approve(ANDY, { release: id }, "");
  await world.quiet();
  expect(await world.state(id)).toBe("SCHEDULED");
  expect((await world.releases.status(id)).settled).toBe(false);

  world.clock.advance(HOUR);
  await world.quiet();
  expect(await world.state(id)).toBe("ACTIVE");
  const { activeSince, scheduledAt = Infinity } = await world.get(id);
  expect(activeSince).toBeGreaterThanOrEqual(scheduledAt);
  expect(world.fleet.running("node-1")).toEqual(["guard@1.0.0"]);
  const { items } = await world.store.read((view) =>
    view.audit.list({ actor: "system/schedule" }, { limit: 10 }),
  );
  expect(items.map(({ action }) => action)).toEqual(["release.begin"]);
});

test("a time that passes before the approval begins at once, when it is approved and not before", async () => {
  await using world = await ReleaseWorld.create();
  const { id } = await world.create("1.0.0", { scheduledAt: world.clock.wall() + HOUR });
  world.clock.advance(2 * HOUR);
  await world.quiet();
  expect(await world.state(id)).toBe("PENDING_APPROVAL");
  expect((await world.releases.approve(ANDY, { release: id }, "")).release.state).toBe("DOWNLOADING");
  await world.quiet();
  expect(await world.state(id)).toBe("ACTIVE");
});

test("a time survives a restart of the control plane, also one that came while it was down", async () => {
  await using world = await ReleaseWorld.create();
  const { id } = await world.create("1.0.0", { scheduledAt: world.clock.wall() + HOUR });
  await world.releases.approve(ANDY, { release: id }, "");
  await world.quiet();
  world.clock.advance(HOUR / 2);
  await using second = await world.restart();
  await second.quiet();
  expect(await second.state(id)).toBe("SCHEDULED");
  await using third = await second.restart();
  third.clock.advance(HOUR);
  await third.quiet();
  expect(await third.state(id)).toBe("ACTIVE");
});

test("downloading ahead of the time is possible, and the time still is when it activates", async () => {
  await using world = await ReleaseWorld.create();
  const { id } = await world.create("1.0.0", { scheduledAt: world.clock.wall() + HOUR });
  await world.releases.approve(ANDY, { release: id }, "");
  await world.releases.download(OLGA, { release: id });
  await world.quiet();
  expect(await world.state(id)).toBe("DOWNLOADED");
  world.clock.advance(HOUR);
  await world.quiet();
  expect(await world.state(id)).toBe("ACTIVE");
});

test("without its time an edited release waits for people again", async () => {
  await using world = await ReleaseWorld.create();
  const { id } = await world.create("1.0.0", { scheduledAt: world.clock.wall() + HOUR });
  await world.releases.approve(ANDY, { release: id }, "");
  await world.releases.edit(OLGA, { release: id }, { scheduledAt: "none" });
  await world.releases.approve(ANDY, { release: id }, "");
  world.clock.advance(2 * HOUR);
  await world.quiet();
  expect(await world.state(id)).toBe("APPROVED");
});

test("a time that is past is refused when somebody asks for it, and one that has just come is not", async () => {
  await using world = await ReleaseWorld.create();
  const past = { scheduledAt: world.clock.wall() - HOUR };
  const refused = {
    problems: [{ key: "scheduledAt", message: expect.stringContaining("name a time to come") }],
  };

  await expect(world.create("1.0.0", past)).rejects.toMatchObject(refused);
  const { id } = await world.create("1.0.0", { scheduledAt: world.clock.wall() - 30_000 });
  await expect(world.releases.edit(OLGA, { release: id }, past)).rejects.toMatchObject(refused);
  await world.releases.edit(OLGA, { release: id }, { note: "another note, the time stays" });
});
