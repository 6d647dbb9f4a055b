import { expect, test } from "vitest";

import type { Hello } from "../../proto/gen/mesh/v1/Hello.ts";
import { PushMesh } from "../../test/support/push-mesh.ts";

// A control plane that was away for long, and the nodes that come back to it one after the other.

const HOUR = 3_600_000;
const HEARTBEAT = 10_000;
/** Of a node that is silent, and of one that may be on its way back. */
const OFFLINE = 65_000;

/** Two nodes that have all that they should have: which is this. */
async function converged(mesh: PushMesh): Promise<Hello["inForce"] & {}> {
  const nodes = [await mesh.connect("node-1"), await mesh.connect("node-2")];
  const [resources = []] = await Promise.all(nodes.map((node) => node.ackNext(3)));
  await mesh.until(() => mesh.reports.convergence("demo").converged);
  return resources.map(({ type, hash }) => ({ type, hash }));
}

test("nodes that were there before a control plane was away are awaited when it is back, until they have what they should", async () => {
  await using mesh = await PushMesh.start();
  const inForce = await converged(mesh);
  await mesh.restart(HOUR);

  const { reports } = mesh;
  expect(reports.convergence("demo")).toMatchObject({ nodes: 2, synced: 0, pending: 2, converged: false });
  expect(reports.presence("node-1")).toBe("SUSPECT");

  await mesh.connect("node-1", { hello: { inForce } });
  expect(reports.convergence("demo")).toMatchObject({ online: 1, synced: 1, pending: 1, converged: false });
  await mesh.connect("node-2", { hello: { inForce } });
  await mesh.until(() => reports.convergence("demo").converged);
  expect(reports.convergence("demo")).toMatchObject({ online: 2, synced: 2 });
});

test("a node that does not come back is OFFLINE once its return can take no longer", async () => {
  await using mesh = await PushMesh.start();
  await converged(mesh);
  await mesh.restart(HOUR);

  mesh.clock.advance(OFFLINE - 1_000);
  expect(mesh.reports.presence("node-1")).toBe("SUSPECT");
  const told: boolean[] = [];
  using _ = mesh.reports.onChange(() => told.push(mesh.reports.convergence("demo").converged));
  mesh.clock.advance(2_000);

  expect(mesh.reports.presence("node-1")).toBe("OFFLINE");
  expect(told.at(-1)).toBe(true);
});

test("nodes are awaited as long as they take to come back, however short their heartbeats are", async () => {
  await using mesh = await PushMesh.start({ settings: { heartbeat: 100 } });
  await converged(mesh);
  await mesh.restart(HOUR);

  mesh.clock.advance(59_000);
  expect(mesh.reports.presence("node-1")).toBe("SUSPECT");
  mesh.clock.advance(1_000);
  expect(mesh.reports.presence("node-1")).toBe("OFFLINE");
});

test("a node that was OFFLINE before is OFFLINE when the control plane is back, and nobody waits for it", async () => {
  await using mesh = await PushMesh.start();
  const [stays, goes] = [await mesh.connect("node-1"), await mesh.connect("node-2")];
  const resources = await stays.ackNext(3);
  await goes.ackNext(3);
  await goes[Symbol.asyncDispose]();
  for (let silence = 0; silence < 2 * OFFLINE; silence += HEARTBEAT) {
    mesh.clock.advance(HEARTBEAT);
    await stays.report(false);
  }
  expect(mesh.reports.presence("node-2")).toBe("OFFLINE");
  await mesh.restart(HOUR);

  expect(mesh.reports.presence("node-2")).toBe("OFFLINE");
  expect(mesh.reports.convergence("demo")).toMatchObject({ pending: 1, converged: false });
  await mesh.connect("node-1", { hello: { inForce: resources.map(({ type, hash }) => ({ type, hash })) } });
  await mesh.until(() => mesh.reports.convergence("demo").converged);
});
