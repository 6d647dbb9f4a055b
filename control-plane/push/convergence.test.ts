import { expect, test } from "vitest";

import { PushMesh } from "../../test/support/push-mesh.ts";

test("from the moment of a change no node counts as SYNCED of which it is not known what it should have", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  await node.ackNext(3);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");

  mesh.source.set({ chain: ["guard@2.0.0"] });
  expect(mesh.reports.convergence("demo")).toMatchObject({ converged: false, synced: 0, pending: 1 });

  mesh.debounce();
  expect(mesh.reports.convergence("demo").converged).toBe(false);
  await node.ackNext(1);
  await mesh.until(() => mesh.reports.convergence("demo").converged);
});

test("that a change concerns no node is told when it is known", async () => {
  await using mesh = await PushMesh.start();
  const nodes = [await mesh.connect("node-1"), await mesh.connect("node-2")];
  await Promise.all(nodes.map((node) => node.ackNext(3)));
  await mesh.until(() => mesh.reports.convergence("demo").converged);
  const told: boolean[] = [];
  using _ = mesh.reports.onChange(() => told.push(mesh.reports.convergence("demo").converged));

  mesh.source.set({});
  expect(mesh.reports.convergence("demo").converged).toBe(false);
  mesh.debounce();
  expect(told.at(-1)).toBe(true);
});

test("a node that comes back counts as SYNCED only when it is known what it should have by now", async () => {
  await using mesh = await PushMesh.start();
  const before = await mesh.connect("node-1");
  const resources = await before.ackNext(3);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
  await before[Symbol.asyncDispose]();
  await mesh.until(() => mesh.reports.sync("node-1") === "STALE");
  mesh.source.set({ chain: ["guard@2.0.0"] });

  const inForce = resources.map(({ type, hash }) => ({ type, hash }));
  const back = mesh.greet("node-1", { hello: { inForce } });
  await back.next("welcome");
  expect(mesh.reports.sync("node-1")).toBe("PENDING");
});

/** A node that refused its chain, and has nothing else to take. */
async function refusing(mesh: PushMesh) {
  const node = await mesh.connect("node-1");
  const resources = await node.ackNext(3);
  mesh.change({ chain: ["guard@2.0.0"] });
  node.nack(await node.next("resource"));
  await mesh.until(() => mesh.reports.sync("node-1") === "REJECTED");
  expect(mesh.reports.convergence("demo")).toMatchObject({ pending: 0, rejected: 1, converged: false });
  return { node, inForce: resources.map(({ type, hash }) => ({ type, hash })) };
}

test("a node that refuses counts as pending once it should have something else, until it has answered", async () => {
  await using mesh = await PushMesh.start();
  const { node } = await refusing(mesh);

  mesh.source.set({ chain: ["guard@2.0.1"] });
  expect(mesh.reports.convergence("demo")).toMatchObject({ pending: 1, rejected: 0 });
  mesh.debounce();
  node.nack(await node.next("resource"));
  await mesh.until(() => mesh.reports.convergence("demo").rejected === 1);
});

test("a node that refuses is awaited when its stream breaks, and when the control plane was started again", async () => {
  await using mesh = await PushMesh.start();
  const { node, inForce } = await refusing(mesh);
  await node[Symbol.asyncDispose]();
  await mesh.until(() => mesh.reports.get("node-1")?.report.connected === false);
  expect(mesh.reports.convergence("demo")).toMatchObject({ pending: 1, rejected: 0, converged: false });

  await mesh.restart();
  mesh.source.set({ chain: ["guard@2.0.0"] });
  expect(mesh.reports.convergence("demo")).toMatchObject({ pending: 1, rejected: 0, converged: false });
  const back = mesh.greet("node-1", { hello: { inForce } });
  await back.next("welcome");
  expect(mesh.reports.convergence("demo")).toMatchObject({ pending: 1, rejected: 0 });
  mesh.debounce();
  await mesh.until(() => mesh.reports.convergence("demo").rejected === 1);
});
