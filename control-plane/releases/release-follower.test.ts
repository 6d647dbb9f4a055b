import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { ANDY, OLGA, ReleaseWorld } from "../../test/support/release-world.ts";
import type { Store } from "../store/store.ts";
import { ReleaseFollower } from "./release-follower.ts";

/** The store, but `change` waits for `gate` and fails as often as said before it works. */
function failing(store: Store, times: number, gate: Promise<void>): Store {
  let failures = 0;
  return new Proxy(store, {
    get(target, name) {
      if (name !== "change") return Reflect.get(target, name, target) as unknown;
      return async (...change: Parameters<Store["change"]>) => {
        await gate;
        if (failures++ < times) throw new Error("the disk is full");
        return target.change(...change);
      };
    },
  });
}

test("a store that fails while reports come in is tried again, with back-off", async () => {
  await using world = await ReleaseWorld.create();
  await world.follower[Symbol.asyncDispose]();
  const { fleet, clock, projection } = world;
  const { id } = await world.create("1.0.0");
  await world.releases.approve(ANDY, { release: id }, "");
  await world.releases.download(OLGA, { release: id });
  while (!fleet.take(world.snapshots)) await world.state(id);

  const gate = Promise.withResolvers<void>();
  const accepted = Promise.withResolvers<void>();
  using _ = world.store.onAccepted(() => accepted.resolve());
  const store = failing(world.store, 2, gate.promise);
  const log = createLogger("silent");
  await using follower = new ReleaseFollower({ store, projection, reports: fleet, clock, log });
  follower.start();
  // Due to be looked at while the follower is still at the first.
  fleet.goes("node-3", "online");
  clock.advance(50);
  gate.resolve();
  while (clock.pending === 0) await world.state(id);
  clock.advance(1_000);

  await accepted.promise;
  expect(await world.state(id)).toBe("DOWNLOADED");
});

test("while a large fleet reports all the time, looks at it take a tenth of the time at most", async () => {
  await using world = await ReleaseWorld.create();
  await world.follower[Symbol.asyncDispose]();
  const { fleet, clock, projection, store } = world;
  const { id } = await world.create("1.0.0");
  await world.releases.approve(ANDY, { release: id }, "");
  await world.releases.download(OLGA, { release: id });
  let looks = 0;
  let took = 0;
  const slow = new Proxy(fleet, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name, target);
      if (typeof member !== "function") return member;
      return (...parameters: unknown[]): unknown => {
        if (name === "list") [looks, took] = [looks + 1, took + 40];
        return Reflect.apply(member, target, parameters);
      };
    },
  });
  const slowly = new Proxy(clock, {
    get: (target, name) =>
      name === "now"
        ? () => target.now() + took
        : (Reflect.get(target, name, target) as Function).bind(target),
  });
  const log = createLogger("silent");
  await using follower = new ReleaseFollower({ store, projection, reports: slow, clock: slowly, log });
  follower.start();
  expect(looks).toBe(1);

  for (let ms = 0; ms < 4_000; ms += 10) {
    fleet.goes("node-3", "online");
    clock.advance(10);
    await world.state(id);
  }
  expect(looks).toBeGreaterThan(5);
  expect(looks).toBeLessThanOrEqual(11);
});
