import { expect, test } from "vitest";

import { PushMesh } from "../../test/support/push-mesh.ts";

test("a scrape says how many nodes there are, how they are, and how long a change took", async () => {
  await using mesh = await PushMesh.start();
  const one = await mesh.connect("node-1");
  const two = await mesh.connect("node-2");
  await one.ackNext(3);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
  expect(mesh.metric('sluice_cp_nodes{presence="ONLINE",sync="SYNCED"}')).toBe(1);
  expect(mesh.metric('sluice_cp_nodes{presence="ONLINE",sync="PENDING"}')).toBe(1);
  expect(mesh.metric("sluice_cp_push_convergence_seconds_count")).toBe(0);

  mesh.clock.advance(3_000);
  await two.ackNext(3);
  await mesh.until(() => mesh.reports.sync("node-2") === "SYNCED");
  expect(mesh.metric("sluice_cp_push_convergence_seconds_count")).toBe(1);
  expect(mesh.metric("sluice_cp_push_convergence_seconds_sum")).toBeGreaterThanOrEqual(3);
  expect(mesh.metric("sluice_cp_report_lag_seconds")).toBeGreaterThanOrEqual(3);
  expect(mesh.metric("sluice_cp_streams")).toBe(2);
  expect(mesh.metric("sluice_cp_tick")).toBe(1);
});

test("a node that refuses or leaves does not keep a cluster from having converged", async () => {
  await using mesh = await PushMesh.start();
  const one = await mesh.connect("node-1");
  const two = await mesh.connect("node-2");
  await one.ackNext(2);
  one.nack(await one.next("resource"));
  await mesh.until(() => mesh.reports.sync("node-1") === "REJECTED");
  await two[Symbol.asyncDispose]();
  await mesh.until(() => mesh.server.streams === 0 || mesh.reports.sync("node-2") === "STALE");

  expect(mesh.metric("sluice_cp_push_convergence_seconds_count")).toBe(1);
});
