import * as fc from "fast-check";
import { expect, test } from "vitest";

import { ANDY, DANA, OLGA, ReleaseWorld } from "../../test/support/release-world.ts";
import { disorder, forbiddenStep } from "../../test/support/release-order.ts";
import { OperationError } from "../model/operation-error.ts";
import { IN_FULL_FORCE } from "../model/release-machine.ts";
import type { Release, ReleaseTarget } from "../model/release.ts";
import { isOneOf } from "./in-force.ts";

const NODES = ["node-1", "node-2", "node-3", "node-4"];
const VERSIONS = ["1.0.0", "1.1.0", "2.0.0"];

type Act = (world: ReleaseWorld, newest: Release | undefined) => Promise<unknown>;

const target: fc.Arbitrary<ReleaseTarget> = fc.oneof(
  fc.constant<ReleaseTarget>({ kind: "full" }),
  fc.constantFrom(1, 25, 50, 100).map((percentage): ReleaseTarget => ({ kind: "percentage", percentage })),
  fc.constantFrom(10, 50).map((percentage): ReleaseTarget => ({ kind: "traffic", percentage })),
  fc.subarray(NODES, { minLength: 1 }).map((nodes): ReleaseTarget => ({ kind: "nodes", nodes })),
);
const version = fc.constantFrom(...VERSIONS);
const node = fc.constantFrom(...NODES);
const onNewest = (act: (world: ReleaseWorld, id: number) => Promise<unknown>): Act => {
  return async (world, newest) => (newest === undefined ? undefined : act(world, newest.id));
};

/** What people, time and nodes do; whether it is possible at that moment is not asked. */
const act: fc.Arbitrary<readonly [string, Act]> = fc.oneof(
  { weight: 4, arbitrary: creation() },
  {
    weight: 6,
    arbitrary: fc.constant([
      "approve",
      onNewest((w, release) => w.releases.approve(ANDY, { release }, "")),
    ] as const),
  },
  {
    weight: 6,
    arbitrary: fc.constant([
      "download",
      onNewest((w, release) => w.releases.download(OLGA, { release })),
    ] as const),
  },
  {
    weight: 8,
    arbitrary: fc.constant([
      "activate",
      onNewest((w, release) => w.releases.activate(OLGA, { release })),
    ] as const),
  },
  {
    weight: 2,
    arbitrary: fc.constant([
      "promote",
      onNewest((w, release) => w.releases.promote(OLGA, { release })),
    ] as const),
  },
  {
    weight: 2,
    arbitrary: fc.constant([
      "complete",
      onNewest((w, release) => w.releases.complete(OLGA, { release })),
    ] as const),
  },
  fc.constant(["fail", onNewest((w, release) => w.releases.fail(OLGA, { release }, "no"))] as const),
  fc.constant(["cancel", onNewest((w, release) => w.releases.cancel(DANA, { release }, ""))] as const),
  fc.constant(["delete", onNewest((w, release) => w.releases.delete(OLGA, { release }))] as const),
  fc.constant(["retry", onNewest((w, release) => w.releases.retry(OLGA, { release }))] as const),
  fc.constant(["edit", onNewest((w, release) => w.releases.edit(DANA, { release }, { note: "x" }))] as const),
  target.map(
    (to) =>
      [
        `widen ${JSON.stringify(to)}`,
        onNewest((w, release) => w.releases.widen(OLGA, { release }, to)),
      ] as const,
  ),
  {
    weight: 2,
    arbitrary: version.map(
      (to) =>
        [
          `roll back to ${to}`,
          onNewest((w, release) => w.releases.rollBack(OLGA, { release, version: to, note: "" })),
        ] as const,
    ),
  },
  fc
    .tuple(node, fc.constantFrom("online", "offline"))
    .map(([id, where]) => [`${id} ${where}`, async (w: ReleaseWorld) => w.fleet.goes(id, where)] as const),
  fc
    .tuple(node, version)
    .map(
      ([id, named]) =>
        [
          `${id} cannot load ${named}`,
          async (w: ReleaseWorld) => w.fleet.breaks(id, digestOf(named)),
        ] as const,
    ),
  fc.constant(["an hour passes", async (w: ReleaseWorld) => w.clock.advance(3_600_000)] as const),
);

function creation(): fc.Arbitrary<readonly [string, Act]> {
  return fc.record({ version, target, timed: fc.boolean() }).map(({ version, target, timed }) => [
    `create ${version} ${JSON.stringify(target)}${timed ? " in half an hour" : ""}`,
    (world) => {
      const scheduledAt = timed ? world.clock.wall() + 1_800_000 : undefined;
      return world.create(version, { target, scheduledAt });
    },
  ]);
}

function digestOf(named: string): string {
  return `guard-${named}`.padEnd(64, "0");
}

/** One thing that happens, whatever the state; refused or accepted, everything must be in order after it. */
class Happening implements fc.AsyncCommand<object, ReleaseWorld> {
  readonly #name: string;
  readonly #act: Act;

  constructor([name, act]: readonly [string, Act]) {
    this.#name = name;
    this.#act = act;
  }

  check(): boolean {
    return true;
  }

  async run(_model: object, world: ReleaseWorld): Promise<void> {
    const before = await world.store.read((view) => view.releases.list({}, { limit: 1_000 }));
    await this.#act(world, before.items.at(-1)).catch((thrown: unknown) => {
      if (!(thrown instanceof OperationError)) throw thrown;
    });
    await world.quiet();
    await expectOrder(world);
  }

  toString(): string {
    return this.#name;
  }
}

async function expectOrder(world: ReleaseWorld): Promise<void> {
  const { releases, audit } = await world.store.read(async (view) => ({
    releases: (await view.releases.list({}, { limit: 1_000 })).items,
    audit: (await view.audit.list({ kind: "releases" }, { limit: 1_000 })).items,
  }));
  const steps = audit.flatMap(({ changes }) => changes.map(forbiddenStep));
  expect([...disorder(releases), ...steps.filter((step) => step !== undefined)]).toEqual([]);
  const bases = releases.filter(({ state }) => isOneOf(IN_FULL_FORCE, state));
  // A plugin that has a base runs on every node that could ever load a version of it.
  if (bases.length > 0)
    for (const { node } of world.fleet.list())
      if (
        world.fleet.presence(node.id) === "ONLINE" &&
        !VERSIONS.some((each) => world.fleet.isBroken(node.id, digestOf(each)))
      )
        expect(world.fleet.running(node.id)).not.toEqual([]);
}

test(
  "whatever people, time and nodes do, a release goes only where the table leads and one is in force",
  { timeout: 120_000 },
  async () => {
    let lives = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.commands([act.map((each) => new Happening(each))], { maxCommands: 30, size: "max" }),
        async (commands) => {
          lives++;
          await using world = await ReleaseWorld.create({ nodes: NODES });
          await fc.asyncModelRun(() => ({ model: {}, real: world }), commands);
        },
      ),
      { numRuns: 12 },
    );
    expect(lives).toBeGreaterThanOrEqual(12);
  },
);
