import { status as Status } from "@grpc/grpc-js";
import { expect, test } from "vitest";

import { DeafNode } from "../../test/support/deaf-node.ts";
import { PushMesh } from "../../test/support/push-mesh.ts";
import { packageOf } from "../../test/support/scripted-snapshots.ts";

test("a node that floods is read from more slowly, and others are served", async () => {
  await using mesh = await PushMesh.start();
  const loud = await mesh.connect("node-1");
  const quiet = await mesh.connect("node-2");

  for (let i = 1; i <= 5_000; i++) loud.send({ status: { sequence: i, kind: "CHANGES" } });
  const throttled = (): number => mesh.metric("sluice_cp_messages_throttled_total");
  await mesh.eventually(() => throttled() === 1);
  const taken = mesh.metric('sluice_cp_messages_total{kind="status"}');
  expect(taken).toBeLessThan(3_000);
  for (let i = 0; i < 20; i++) await quiet.report(true);

  // As time goes on, so does what it said.
  mesh.clock.advance(1_000);
  await mesh.eventually(() => throttled() === 2);
  expect(mesh.metric('sluice_cp_messages_total{kind="status"}')).toBeLessThan(4_000);
});

test("reports of thousands of plugins count for as many messages as they are work", async () => {
  await using mesh = await PushMesh.start();
  const loud = await mesh.connect("node-1");
  const plugins = Array.from({ length: 5_000 }, (_, index) => ({ plugin: `p-${index}` }));

  for (let i = 1; i <= 12; i++) loud.send({ status: { sequence: i, kind: "CHANGES", plugins } });
  loud.send({ log: { id: 7 } });

  await mesh.eventually(() => mesh.metric("sluice_cp_messages_throttled_total") === 1);
  expect(mesh.metric('sluice_cp_messages_total{kind="status"}')).toBeLessThan(12);
});

test("a report beyond all measure ends the stream of its node only", async () => {
  await using mesh = await PushMesh.start();
  const loud = await mesh.connect("node-1");
  const quiet = await mesh.connect("node-2");

  loud.send({ status: { sequence: 1, plugins: [{ plugin: "guard", error: "x".repeat(2_000_000) }] } });

  expect(await loud.ended()).toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
  await mesh.until(() => mesh.reports.get("node-1")?.report.connected === false);
  await quiet.report(true);
});

test("words without sense change nothing, and a state of a later release is UNKNOWN", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");

  node.send({});
  node.stage("", "1.0.0", "", "LOADABLE");
  node.stage("guard", "1.0.0", "", "STAGE_STATE_UNSPECIFIED");
  node.send({ log: { id: 7, lines: ["nobody asked"] } });
  node.send({ ack: {} });
  await node.report(false, [
    { plugin: "", version: "1.0.0", state: "RUNNING" },
    { plugin: "x".repeat(300), state: "RUNNING" },
    { plugin: "guard", version: "1.0.0", state: 42 as never, error: "e".repeat(5_000) },
  ]);

  const { packages, plugins } = mesh.reports.get("node-1")!.report;
  expect(packages).toEqual([]);
  expect(plugins).toMatchObject([{ plugin: "guard", status: "UNKNOWN" }]);
  expect(plugins[0]?.error).toHaveLength(1_000);
});

test("a refusal with thousands of long reasons keeps twenty short ones and one that counts the rest", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  const stage = await node.next("resource");
  node.nack(
    stage,
    Array.from({ length: 200 }, () => ({ message: "m".repeat(2_000) })),
  );
  await mesh.until(() => mesh.reports.sync("node-1") === "REJECTED");

  const problems = mesh.reports.get("node-1")!.report.resources.stage.nacked?.problems;
  expect(problems).toHaveLength(21);
  expect(problems?.every((problem) => problem.length === 1_000)).toBe(true);
});

test("a node that does not read holds one content, however often it changes, and then gets the newest", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  await node.ackNext(3);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
  mesh.clock.advance(2 * mesh.settings.heartbeat);
  node.stall();

  const big = "x".repeat(500_000);
  for (let i = 0; i < 40; i++) mesh.change({ services: { shop: [`${i}-${big}`] } });
  mesh.clock.advance(1_000);
  expect(mesh.metric('sluice_cp_push_sent_total{type="route"}')).toBe(2);

  mesh.clock.advance(mesh.settings.answerTimeout);
  expect(mesh.reports.sync("node-1")).toBe("STALE");
  node.resume();
  node.ack(await node.next("resource"));
  const newest = await node.next("resource");
  expect(String(newest.content)).toContain('"39-x');
  node.ack(newest);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
});

test("a node that reads no confirmations is not read from", async () => {
  await using mesh = await PushMesh.start();
  const quiet = await mesh.connect("node-2");
  using deaf = new DeafNode(mesh.server.port, "node-1", 200);
  expect(await deaf.refusal()).toBeUndefined();

  for (let sequence = 1; sequence <= 500; sequence++) deaf.send({ status: { sequence } });
  for (let i = 0; i < 50; i++) await quiet.report(true);

  expect(mesh.metric('sluice_cp_messages_total{kind="status"}')).toBeLessThan(50 + 100);
  expect(mesh.metric("sluice_cp_messages_throttled_total")).toBe(0);
});

test("a node that opens stream after stream and reads none is refused after a few", async () => {
  await using mesh = await PushMesh.start();
  mesh.source.set({ packages: [packageOf("guard", "1.0.0")], services: { shop: ["x".repeat(100_000)] } });
  using deaf = new DisposableStack();
  const refusals: (number | undefined)[] = [];
  for (let i = 0; i < 6; i++) {
    refusals.push(await deaf.use(new DeafNode(mesh.server.port, "node-1", 20)).refusal());
    mesh.debounce();
  }

  expect(refusals).toEqual([
    undefined,
    undefined,
    undefined,
    undefined,
    Status.ALREADY_EXISTS,
    Status.ALREADY_EXISTS,
  ]);
  expect(mesh.server.streams).toBe(1);
});

test("names that would move a terminal's cursor, and digests that are none, are not taken", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  const digest = "a".repeat(64);

  node.stage("guard\u001b[2J", "1.0.0", digest, "LOADABLE");
  node.stage("guard", "1.0.0\n", digest, "LOADABLE");
  node.stage("guard", "1.0.0", "no digest", "LOADABLE");
  node.stage("gu\u202eard", "1.0.0", digest, "LOADABLE");
  await node.report(false, [{ plugin: "\u009b2J", version: "1.0.0", state: "RUNNING" }]);

  expect(mesh.reports.get("node-1")!.report).toMatchObject({ packages: [], plugins: [] });
});

test("one token that opens streams and says nothing does not keep the fleet from connecting", async () => {
  await using mesh = await PushMesh.start({ settings: { connecting: 6 } });
  const silent = Array.from({ length: 6 }, () => mesh.open("node-1"));

  const refused = await Promise.race(silent.map((node) => node.ended()));

  expect(refused).toMatchObject({ code: Status.RESOURCE_EXHAUSTED });
  await mesh.connect("node-2");
});
