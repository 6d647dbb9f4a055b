import { expect, test } from "vitest";

import { PushMesh } from "../../test/support/push-mesh.ts";
import { packageOf } from "../../test/support/scripted-snapshots.ts";

const ONE = packageOf("guard", "1.0.0");
const TWO = packageOf("guard", "2.0.0");
const FIRST = { packages: [ONE], chain: ["guard@1.0.0"] };

/** A node that cannot load ONE, and to which another stage is on its way. */
async function refusing(mesh: PushMesh) {
  mesh.source.set(FIRST);
  const node = await mesh.connect("node-1");
  await node.ackNext(3);
  node.stage("guard", "1.0.0", ONE.digest, "INVALID", "no execute");
  await mesh.until(() => mesh.reports.sync("node-1") === "REJECTED");
  mesh.change({ packages: [ONE, TWO] });
  const onItsWay = await node.next("resource");
  return { node, onItsWay };
}

test("a person who says retry has it sent once more", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  await node.ackNext(2);
  const bad = await node.next("resource");
  node.nack(bad);
  await mesh.until(() => mesh.reports.sync("node-1") === "REJECTED");

  mesh.reports.retry("node-1");
  mesh.debounce();
  const again = await node.next("resource");
  expect(again.hash).toBe(bad.hash);
  expect(again.nonce).not.toBe(bad.nonce);
  node.ack(again);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
});

test("a retry is told with the next stage, whatever is in it, and once", async () => {
  await using mesh = await PushMesh.start();
  mesh.source.set(FIRST);
  const node = await mesh.connect("node-1");
  const [first] = await node.ackNext(3);
  expect(first?.again).toEqual([]);
  node.stage("guard", "1.0.0", ONE.digest, "INVALID", "no execute");
  await mesh.until(() => mesh.reports.sync("node-1") === "REJECTED");

  mesh.reports.retry("node-1");
  mesh.change({ packages: [ONE, TWO] });
  const other = await node.next("resource");
  expect(other.again).toEqual([ONE.digest]);
  expect(mesh.reports.sync("node-1")).toBe("PENDING");
  node.stage("guard", "1.0.0", ONE.digest, "INVALID", "still no execute");
  node.ack(other);
  await mesh.until(() => mesh.reports.sync("node-1") === "REJECTED");

  mesh.change({ packages: [ONE] });
  expect((await node.next("resource")).again).toEqual([]);
});

test("a retry while a stage is on its way is told when that is answered", async () => {
  await using mesh = await PushMesh.start();
  const { node, onItsWay } = await refusing(mesh);

  mesh.reports.retry("node-1");
  mesh.debounce();
  node.stage("guard", "1.0.0", ONE.digest, "INVALID", "no execute");
  node.ack(onItsWay);
  const again = await node.next("resource");
  expect(again).toMatchObject({ type: "STAGE", hash: onItsWay.hash, again: [ONE.digest] });
  node.stage("guard", "1.0.0", ONE.digest, "LOADABLE");
  node.stage("guard", "2.0.0", TWO.digest, "LOADABLE");
  node.ack(again);
  const [chain] = await node.ackNext(1);
  expect(chain?.type).toBe("CHAIN");
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
});

test("a stage that is in force and told again is not sent a third time to a node that refuses it", async () => {
  await using mesh = await PushMesh.start();
  const { node, onItsWay } = await refusing(mesh);
  mesh.reports.retry("node-1");
  mesh.debounce();
  node.ack(onItsWay);

  const again = await node.next("resource");
  const sent = mesh.metric('sluice_cp_push_sent_total{type="stage"}');
  node.nack(again, [{ message: "the disk is full" }]);
  // Its answer comes behind whatever the refusal brought about.
  await node.report(false);

  expect(mesh.metric('sluice_cp_push_sent_total{type="stage"}')).toBe(sent);
  expect(mesh.reports.sync("node-1")).toBe("REJECTED");
  mesh.reports.retry("node-1");
  mesh.debounce();
  expect(await node.next("resource")).toMatchObject({ hash: onItsWay.hash, again: [ONE.digest] });
});
