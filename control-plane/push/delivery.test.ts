import { expect, test } from "vitest";

import { PushMesh } from "../../test/support/push-mesh.ts";
import { packageOf } from "../../test/support/scripted-snapshots.ts";

const ONE = packageOf("guard", "1.0.0");
const TWO = packageOf("guard", "2.0.0");
const FIRST = { packages: [ONE], chain: ["guard@1.0.0"] };
const SECOND = { packages: [ONE, TWO], chain: ["guard@2.0.0"] };
/** What a node says that holds both. */
const staged = [ONE, TWO].map(({ plugin, version, digest }) => ({ plugin, version, digest }));

/** A node that has the first chain in force and refuses the second one. */
async function withRefusal(mesh: PushMesh) {
  mesh.source.set(FIRST);
  const old = await mesh.connect("node-1", { hello: { staged } });
  const [, , good] = await old.ackNext(3);
  mesh.change(SECOND);
  await old.ackNext(1);
  const bad = await old.next("resource");
  old.nack(bad);
  await mesh.until(() => mesh.reports.sync("node-1") === "REJECTED");
  return { old, good, bad };
}

test("stage, route and chain are sent in this order, each after the answer to the one before", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");

  const stage = await node.next("resource");
  expect(stage.type).toBe("STAGE");
  expect(node.unread("resource")).toBe(0);
  node.ack(stage);
  const route = await node.next("resource");
  expect(route.type).toBe("ROUTE");
  node.nack(route);
  const chain = await node.next("resource");
  expect(chain.type).toBe("CHAIN");
  expect(JSON.parse(String(chain.content))).toMatchObject({ entries: [] });
});

test("a node is SYNCED when it took everything, and PENDING before", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  expect(mesh.reports.sync("node-1")).toBe("PENDING");

  const resources = await node.ackNext(3);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");

  const { chain } = mesh.reports.get("node-1")!.report.resources;
  expect(chain.acked?.hash).toBe(resources[2]?.hash);
  expect(chain.acked?.tick).toBe(1);
  expect(mesh.metric('sluice_cp_push_total{type="chain",result="ack"}')).toBe(1);
  expect(mesh.reports.convergence("demo")).toMatchObject({ synced: 1, converged: true });
});

test("what a node has in force is not sent when it connects", async () => {
  await using mesh = await PushMesh.start();
  const before = await mesh.connect("node-1");
  const resources = await before.ackNext(3);
  await before[Symbol.asyncDispose]();
  await mesh.until(() => mesh.server.streams === 0);

  const inForce = resources.map(({ type, hash }) => ({ type, hash }));
  const node = await mesh.connect("node-1", { hello: { inForce } });
  expect(mesh.reports.sync("node-1")).toBe("SYNCED");
  mesh.change(FIRST);

  const stage = await node.next("resource");
  expect(stage.tick).toBe(2);
  expect(mesh.metric('sluice_cp_push_sent_total{type="stage"}')).toBe(2);
  expect(mesh.metric('sluice_cp_push_sent_total{type="route"}')).toBe(1);
});

test("a hash that a node refused is never sent to it again, even when it comes back", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  const [, , good] = await node.ackNext(3);
  mesh.change({ chain: ["guard@2.0.0"] });
  const bad = await node.next("resource");
  node.nack(bad, [{ plugin: "guard", key: "chain[0]", message: "init failed" }]);
  await mesh.until(() => mesh.reports.sync("node-1") === "REJECTED");
  expect(mesh.reports.get("node-1")!.report.resources.chain).toMatchObject({
    acked: { hash: good?.hash },
    nacked: { hash: bad.hash, problems: ["guard: chain[0]: init failed"] },
  });

  // Away from it: what is in force needs no sending. And back: it is not sent.
  mesh.change({});
  expect(mesh.reports.sync("node-1")).toBe("SYNCED");
  expect(mesh.reports.get("node-1")!.report.resources.chain).toMatchObject({
    wanted: { hash: good?.hash },
    sent: { hash: good?.hash },
    acked: { hash: good?.hash },
  });
  mesh.change({ chain: ["guard@2.0.0"] });
  mesh.change({ chain: ["guard@2.0.0"], services: { shop: ["127.0.0.1:1"] } });
  await mesh.until(() => mesh.reports.sync("node-1") === "REJECTED");

  expect(mesh.metric('sluice_cp_push_sent_total{type="chain"}')).toBe(2);
  expect(mesh.metric('sluice_cp_nack_resends_suppressed_total{type="chain"}')).toBe(2);
  expect(mesh.metric('sluice_cp_push_total{type="chain",result="nack"}')).toBe(1);
});

test.for(["STAGE", "ROUTE", "CHAIN"] as const)(
  "a %s that one node refused is not offered to it with each change, and others get it",
  async (refused) => {
    await using mesh = await PushMesh.start();
    const node = await mesh.connect("node-1");
    for (let count = 0; count < 3; count++) {
      const resource = await node.next("resource");
      if (resource.type === refused) node.nack(resource);
      else node.ack(resource);
    }
    await mesh.until(() => mesh.reports.sync("node-1") === "REJECTED");

    mesh.change({});
    const other = await mesh.connect("node-2");
    await other.ackNext(3);
    await mesh.until(() => mesh.reports.sync("node-2") === "SYNCED");

    expect(node.unread("resource")).toBe(0);
    expect(mesh.metric(`sluice_cp_push_sent_total{type="${refused.toLowerCase()}"}`)).toBe(2);
  },
);

test("a node that has not answered yet is PENDING, even when it is to have again what it has", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  await node.ackNext(3);
  mesh.change({ chain: ["guard@2.0.0"] });
  const unanswered = await node.next("resource");

  mesh.change({});
  expect(mesh.reports.sync("node-1")).toBe("PENDING");

  node.nack(unanswered);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
  const { sent, acked } = mesh.reports.get("node-1")!.report.resources.chain;
  expect(sent?.hash).toBe(acked?.hash);
});

test("a refusal outlives the stream and the control plane", async () => {
  await using mesh = await PushMesh.start();
  const before = await mesh.connect("node-1");
  const [stage, route] = await before.ackNext(2);
  const bad = await before.next("resource");
  before.nack(bad);
  await mesh.until(() => mesh.reports.sync("node-1") === "REJECTED");
  await mesh.restart();

  const inForce = [stage!, route!].map(({ type, hash }) => ({ type, hash }));
  await mesh.connect("node-1", { hello: { inForce } });

  expect(mesh.reports.sync("node-1")).toBe("REJECTED");
  expect(mesh.metric('sluice_cp_push_sent_total{type="chain"}')).toBe(0);
  expect(mesh.metric('sluice_cp_nack_resends_suppressed_total{type="chain"}')).toBe(1);
});

test("an answer to anything but what is on its way is ignored, and counted", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  const stage = await node.next("resource");

  node.ack({ ...stage, nonce: "of another stream" });
  node.nack({ ...stage, hash: "0".repeat(64) });
  node.ack({ ...stage, type: "CHAIN" });
  node.ack({ ...stage, type: "RESOURCE_TYPE_UNSPECIFIED" });
  node.ack(stage);
  node.nack(stage);
  await node.next("resource");
  await mesh.until(() => mesh.reports.get("node-1")!.report.resources.stage.acked !== undefined);
  await node.report(true);

  expect(mesh.metric('sluice_cp_push_total{type="stage",result="stale"}')).toBe(3);
  expect(mesh.metric('sluice_cp_push_total{type="chain",result="stale"}')).toBe(1);
  expect(mesh.metric('sluice_cp_push_total{type="unknown",result="stale"}')).toBe(1);
  expect(mesh.reports.sync("node-1")).toBe("PENDING");
});

test("of many changes while a node thinks, it gets only the last", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  await node.ackNext(2);
  const first = await node.next("resource");
  for (let i = 0; i < 50; i++) mesh.change({ chain: [`guard@${i}.0.0`] });
  expect(node.unread("resource")).toBe(0);

  node.ack(first);
  const next = await node.next("resource");
  expect(String(next.content)).toContain("49.0.0");
  node.ack(next);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
  expect(mesh.metric('sluice_cp_push_sent_total{type="chain"}')).toBe(2);
});

test("changes that come together make one snapshot for a node", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  await node.ackNext(3);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
  const before = mesh.source.made;

  for (let i = 0; i < 50; i++) mesh.source.set({ chain: [`guard@${i}.0.0`] });
  mesh.debounce();

  await node.next("resource");
  expect(mesh.source.made).toBe(before + 1);
});

test("a node that does not answer in time is STALE, stays connected, and its late answer counts", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  const stage = await node.next("resource");

  mesh.clock.advance(mesh.settings.answerTimeout + 1_000);
  expect(mesh.reports.sync("node-1")).toBe("STALE");
  expect(mesh.metric('sluice_cp_push_total{type="stage",result="timeout"}')).toBe(1);
  expect(mesh.server.streams).toBe(1);

  node.ack(stage);
  await node.ackNext(2);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
});

test("a node is PENDING while it fetches, and REJECTED when it can never load a package", async () => {
  await using mesh = await PushMesh.start();
  mesh.source.set(FIRST);
  const node = await mesh.connect("node-1");
  const [stage] = await node.ackNext(3);
  node.stage("guard", "1.0.0", ONE.digest, "FETCHING");
  await mesh.until(() => mesh.reports.get("node-1")!.report.packages.length === 1);
  expect(mesh.reports.sync("node-1")).toBe("PENDING");
  node.stage("guard", "1.0.0", ONE.digest, "INVALID", "no execute");
  await mesh.until(() => mesh.reports.sync("node-1") === "REJECTED");
  expect(mesh.reports.get("node-1")!.report.packages).toMatchObject([
    { state: "INVALID", detail: "no execute" },
  ]);

  // Sent again though it is in force: that is how the node hears of the retry.
  mesh.reports.retry("node-1");
  mesh.debounce();
  const again = await node.next("resource");
  expect(again.hash).toBe(stage?.hash);
  node.stage("guard", "1.0.0", ONE.digest, "LOADABLE");
  node.ack(again);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
});

test("a stage is sent once more where nobody knows how a package of it stands", async () => {
  await using mesh = await PushMesh.start();
  mesh.source.set(FIRST);
  const before = await mesh.connect("node-1");
  const resources = await before.ackNext(3);
  await before[Symbol.asyncDispose]();
  await mesh.until(() => mesh.server.streams === 0);

  const inForce = resources.map(({ type, hash }) => ({ type, hash }));
  const node = await mesh.connect("node-1", { hello: { inForce } });
  const stage = await node.next("resource");
  expect(stage.hash).toBe(resources[0]?.hash);
  node.ack(stage);
  node.stage("guard", "1.0.0", ONE.digest, "LOADABLE");
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");

  mesh.debounce();
  await node.report(true);
  expect(node.unread("resource")).toBe(0);
});

test("a new node is spared what one refused and none took, and gets it once some node took it", async () => {
  await using mesh = await PushMesh.start();
  const { old, good, bad } = await withRefusal(mesh);

  const young = await mesh.connect("node-2", { hello: { staged } });
  const [, , instead] = await young.ackNext(3);
  expect(instead?.hash).toBe(good?.hash);
  expect(mesh.reports.sync("node-2")).toBe("PENDING");

  // The first node takes it after a retry: nothing speaks against it any more.
  mesh.reports.retry("node-1");
  mesh.debounce();
  await old.ackNext(1);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
  mesh.debounce();
  const [late] = await young.ackNext(1);
  expect(late?.hash).toBe(bad.hash);
  await mesh.until(() => mesh.reports.sync("node-2") === "SYNCED");
});

test("a new node is not spared what another node took, though a third refused it", async () => {
  await using mesh = await PushMesh.start();
  const one = await mesh.connect("node-1");
  const two = await mesh.connect("node-2");
  await one.ackNext(3);
  await two.ackNext(2);
  const chain = await two.next("resource");
  two.nack(chain);
  await mesh.until(() => mesh.reports.sync("node-2") === "REJECTED");

  const three = await mesh.connect("node-3");
  const [, , sent] = await three.ackNext(3);
  expect(sent?.hash).toBe(chain.hash);
});

test("a spared node keeps what it got instead over a restart of the control plane, and is offered the rest once", async () => {
  await using mesh = await PushMesh.start();
  await withRefusal(mesh);
  const young = await mesh.connect("node-2", { hello: { staged } });
  const held = await young.ackNext(3);
  await mesh.until(() => mesh.reports.get("node-2")?.report.resources.chain.acked !== undefined);
  await mesh.restart();

  const inForce = held.map(({ type, hash }) => ({ type, hash }));
  const again = await mesh.connect("node-2", { hello: { staged, inForce } });
  const offered = await again.next("resource");
  expect(offered).toMatchObject({ type: "CHAIN", tombstone: false });
  expect(offered.hash).not.toBe(held[2]?.hash);
  again.nack(offered);
  await mesh.until(() => mesh.reports.sync("node-2") === "REJECTED");
  mesh.debounce();
  await again.report(true);
  expect(again.unread("resource")).toBe(0);
  expect(mesh.reports.get("node-2")?.report.resources.chain.acked?.hash).toBe(held[2]?.hash);
});

test("a spared node waits for the packages of what it gets instead", async () => {
  await using mesh = await PushMesh.start();
  const { good } = await withRefusal(mesh);

  const young = await mesh.connect("node-2");
  await young.ackNext(2);
  young.stage("guard", "2.0.0", TWO.digest, "LOADABLE");
  await mesh.until(() => mesh.reports.get("node-2")!.report.packages.length === 1);
  mesh.debounce();
  await young.report(true);
  expect(young.unread("resource")).toBe(0);

  young.stage("guard", "1.0.0", ONE.digest, "LOADABLE");
  await mesh.until(() => mesh.reports.get("node-2")!.report.packages.length === 2);
  mesh.debounce();
  expect((await young.next("resource")).hash).toBe(good?.hash);
});

test("a control plane that has just started takes no route away before two report intervals", async () => {
  await using mesh = await PushMesh.start();
  mesh.source.set({ services: { shop: ["127.0.0.1:1"] } });
  const inForce = [{ type: "ROUTE" as const, hash: "a".repeat(64) }];
  const node = await mesh.connect("node-1", { hello: { inForce } });
  const sent = await node.ackNext(2);
  expect(sent.map(({ type }) => type)).toEqual(["STAGE", "CHAIN"]);
  await node.report(true);
  expect(node.unread("resource")).toBe(0);

  mesh.clock.advance(2 * mesh.settings.heartbeat);
  mesh.debounce();
  expect((await node.next("resource")).type).toBe("ROUTE");
});
