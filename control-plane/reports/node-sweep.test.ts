import { expect, test } from "vitest";

import { createLogger } from "../../core/log.ts";
import { pluginIn, releaseOf, versionOf } from "../../test/support/catalogue-records.ts";
import { PushMesh } from "../../test/support/push-mesh.ts";
import type { ReleaseState } from "../model/release.ts";
import { NodeSweep } from "./node-sweep.ts";

const HOUR = 3_600_000;
const WEEK = 7 * 24 * HOUR;
const BY = { kind: "system", name: "bootstrap" } as const;

function sweepOf({ store, reports, clock }: PushMesh, after = WEEK): NodeSweep {
  return new NodeSweep({ store, reports, clock, log: createLogger("silent"), after });
}

/** A node that was there and has left. */
async function left(mesh: PushMesh, id: string): Promise<void> {
  const node = await mesh.connect(id);
  await node[Symbol.asyncDispose]();
  await mesh.until(() => mesh.reports.get(id)?.report.connected === false);
}

async function pass(mesh: PushMesh, sweep: NodeSweep, time: number): Promise<void> {
  for (let passed = 0; passed < time; passed += HOUR) {
    mesh.clock.advance(HOUR);
    await sweep.idle();
  }
}

function known(mesh: PushMesh): readonly string[] {
  return mesh.reports.list().map(({ node }) => node.id);
}

/** A release of one plugin to node-named. */
async function releaseIs(mesh: PushMesh, state: ReleaseState): Promise<void> {
  await mesh.store.change(BY, "release.test", async ({ plugins, versions, releases }) => {
    const target = { kind: "nodes", nodes: ["node-named"] } as const;
    const release = releaseOf(1, { cluster: "demo", plugin: "guard", version: "1.0.0", state, target });
    if ((await releases.get(1)) !== undefined) return void (await releases.update(release));
    await plugins.insert(pluginIn("shop", "guard"));
    await versions.insert(versionOf("guard", "1.0.0"));
    await releases.insert(release);
  });
}

test("a node that was gone for a week is forgotten with all it said, and is a new one when it comes back", async () => {
  await using mesh = await PushMesh.start();
  await using sweep = sweepOf(mesh);
  await left(mesh, "node-gone");

  await pass(mesh, sweep, WEEK - HOUR);
  expect(known(mesh)).toEqual(["node-gone"]);
  await pass(mesh, sweep, 2 * HOUR);

  expect(known(mesh)).toEqual([]);
  expect(await mesh.store.loadReports()).toEqual([]);
  const audit = await mesh.store.read((view) => view.audit.list({ action: "node.forget" }, { limit: 10 }));
  expect(audit.items).toMatchObject([
    { actor: "system/reports", changes: [{ kind: "nodes", key: "node-gone" }] },
  ]);
  await mesh.connect("node-gone");
  expect(known(mesh)).toEqual(["node-gone"]);
});

test("a node that an open release names stays, until that is over", async () => {
  await using mesh = await PushMesh.start();
  await using sweep = sweepOf(mesh);
  await releaseIs(mesh, "GRAY");
  await left(mesh, "node-named");

  await pass(mesh, sweep, WEEK + 2 * HOUR);
  expect(known(mesh)).toEqual(["node-named"]);

  await releaseIs(mesh, "CANCELLED");
  await pass(mesh, sweep, HOUR);
  expect(known(mesh)).toEqual([]);
});

test("a node that is heard stays, and so do all where nobody is to be forgotten", async () => {
  await using mesh = await PushMesh.start();
  await using sweep = sweepOf(mesh);
  await using never = sweepOf(mesh, 0);
  await left(mesh, "node-here");
  for (let passed = 0; passed < WEEK + 2 * HOUR; passed += HOUR) {
    mesh.reports.heard("node-here");
    await pass(mesh, sweep, HOUR);
  }
  expect(known(mesh)).toEqual(["node-here"]);

  await sweep[Symbol.asyncDispose]();
  await pass(mesh, never, 2 * WEEK);
  expect(known(mesh)).toEqual(["node-here"]);
});

test("a control plane that was away for weeks forgets nobody before the nodes could come back", async () => {
  await using mesh = await PushMesh.start();
  await left(mesh, "node-back");
  mesh.clock.advance(2 * WEEK);
  await mesh.restart();

  await using sweep = sweepOf(mesh);
  await mesh.connect("node-back");
  mesh.reports.heard("node-back");
  await pass(mesh, sweep, 2 * HOUR);

  expect(known(mesh)).toEqual(["node-back"]);
});
