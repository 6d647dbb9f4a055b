import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { OLGA, ReleaseWorld } from "../../test/support/release-world.ts";
import type { Release } from "../model/release.ts";
import { IN_FULL_FORCE } from "../model/release-machine.ts";
import { isOneOf } from "./in-force.ts";
import { ReleaseProjection } from "./release-projection.ts";

test("what was stored before the start and what is accepted after it are there alike", async () => {
  await using world = await ReleaseWorld.create();
  await world.run("1.0.0");
  using late = new ReleaseProjection({ store: world.store, clock: world.clock, log: createLogger("silent") });
  await late.start();
  expect(late.cluster("demo")).toEqual(world.projection.cluster("demo"));
  const digest = "guard-2.0.0".padEnd(64, "0");
  const facts = { plugin: "guard", version: "2.0.0", digest, size: 100, failurePolicy: "closed" };
  expect(late.packageOf(digest)).toEqual(facts);

  const heard: number[] = [];
  using _ = late.onChange((tick) => heard.push(tick));
  const { id } = await world.run("1.1.0");
  await world.releases.complete(OLGA, { release: id });
  await world.quiet();
  const tick = await world.store.read(async (view) => view.tick);
  expect(heard).toEqual(heard.toSorted((left, right) => left - right));
  expect(heard.at(-1)).toBe(tick);
  expect(late.cluster("demo")?.inForce.get("guard")).toMatchObject({ base: { id, state: "DONE" } });
});

test("never is half of a change seen: a plugin that had a base has exactly one at every moment", async () => {
  await using world = await ReleaseWorld.create({ cluster: { requiredApprovals: 0 }, nodes: [] });
  await world.run("1.0.0");
  const bases: (readonly Release[])[] = [];
  using _ = world.projection.onChange(() => {
    const releases = world.projection.cluster("demo")?.releases ?? [];
    bases.push(releases.filter(({ state }) => isOneOf(IN_FULL_FORCE, state)));
  });
  // Each makes the one before SUPERSEDED in the transaction in which it becomes ACTIVE.
  for (let round = 0; round < 10; round++) await world.run(round % 2 === 0 ? "1.1.0" : "1.0.0");
  expect(bases.length).toBeGreaterThan(10);
  expect(bases.map((releases) => releases.length)).toEqual(bases.map(() => 1));
});
