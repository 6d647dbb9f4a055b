import { expect, test } from "vitest";

import { person } from "../../test/support/catalogue-records.ts";
import { ReleaseWorld } from "../../test/support/release-world.ts";
import type { Release } from "../model/release.ts";
import { IN_FULL_FORCE, OPEN } from "../model/release-machine.ts";
import { isOneOf } from "./in-force.ts";

const PLUGINS = ["guard", "tag", "limit", "trace", "auth"];
const CLIENTS = 20;
const CHANGES = 10;

/** What one client does, whatever the others do: it asks for what may or may not be possible at that moment. */
async function client(world: ReleaseWorld, index: number): Promise<{ accepted: number[]; refused: number }> {
  const [author, approver] = [person(`author-${index}`), person(`approver-${index}`)];
  const plugin = PLUGINS[index % PLUGINS.length] ?? "guard";
  const accepted: number[] = [];
  let refused = 0;
  for (let round = 0; round < CHANGES; round++) {
    const open = await openRelease(world, plugin);
    const asked = ask(world, open, { plugin, author, approver, round: round + index });
    await asked.then(
      ({ tick }) => accepted.push(tick),
      () => refused++,
    );
  }
  return { accepted, refused };
}

type People = Record<"author" | "approver", ReturnType<typeof person>>;

function ask(
  { releases }: ReleaseWorld,
  open: Release | undefined,
  { plugin, author, approver, round }: People & { plugin: string; round: number },
): Promise<{ readonly tick: number }> {
  const version = ["1.0.0", "1.1.0", "2.0.0"][round % 3] ?? "1.0.0";
  if (open === undefined) {
    const wish = { cluster: "demo", plugin, version, scheduledAt: undefined, note: "" };
    return releases.create(author, { ...wish, target: { kind: "full" } });
  }
  const request = { release: open.id };
  switch (open.state) {
    case "PENDING_APPROVAL":
      return releases.approve(approver, request, "");
    case "APPROVED":
      return releases.download(approver, request);
    default:
      return round % 4 === 0
        ? releases.rollBack(approver, { ...request, version, note: "" })
        : releases.activate(approver, request);
  }
}

async function openRelease({ store }: ReleaseWorld, plugin: string): Promise<Release | undefined> {
  const { items } = await store.read((view) => view.releases.list({ plugin, states: OPEN }, { limit: 10 }));
  return items.at(-1);
}

test("200 concurrent changes of 20 clients: gapless ticks, an audit that matches, one state for each release, equal nodes", async () => {
  const nodes = Array.from({ length: 8 }, (_, index) => `node-${index}`);
  await using world = await ReleaseWorld.create({ nodes, plugins: PLUGINS });
  const seen: number[] = [];
  using _ = world.store.onAccepted(({ tick }) => seen.push(tick));
  const before = await world.store.read(async (view) => view.tick);

  const work = Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(world, index)));
  const progress = { busy: true };
  void work.finally(() => (progress.busy = false));
  // Nodes take what they are given while the changes go on.
  while (progress.busy) {
    await world.store.read(async (view) => view.tick);
    world.fleet.take(world.snapshots);
    world.clock.advance(50);
  }
  const results = await work;
  await world.quiet();

  expect(results.reduce((sum, { accepted, refused }) => sum + accepted.length + refused, 0)).toBe(200);
  const after = await world.store.read(async (view) => view.tick);
  expect(seen).toEqual(Array.from({ length: after - before }, (_, index) => before + index + 1));
  const asked = results.flatMap(({ accepted }) => accepted);
  expect(new Set(asked).size).toBe(asked.length);
  expect(asked.length).toBeGreaterThan(20);

  const releases = await world.store.read((view) => view.releases.list({}, { limit: 1_000 }));
  expect(await lastWritten(world)).toEqual(
    new Map(releases.items.map(({ id, state }) => [String(id), state])),
  );
  for (const plugin of PLUGINS) {
    const states = releases.items.filter((each) => each.plugin === plugin).map(({ state }) => state);
    expect(states.filter((state) => isOneOf(IN_FULL_FORCE, state)).length).toBeLessThanOrEqual(1);
  }
  const snapshots = world.fleet.list().map(({ node, report }) => world.snapshots.snapshotFor(node, report));
  expect(new Set(snapshots.map(({ resources }) => resources.chain)).size).toBe(1);
  expect(new Set(snapshots.map(({ resources }) => resources.stage)).size).toBe(1);
});

/** By release: the state that its last audit row left it in. */
async function lastWritten({ store }: ReleaseWorld): Promise<ReadonlyMap<string, string>> {
  const { items } = await store.read((view) => view.audit.list({ kind: "releases" }, { limit: 1_000 }));
  const states = new Map<string, string>();
  for (const { changes } of items.toSorted((left, right) => left.tick - right.tick))
    for (const { kind, key, after } of changes)
      if (kind === "releases") states.set(key, (after as Release).state);
  return states;
}
