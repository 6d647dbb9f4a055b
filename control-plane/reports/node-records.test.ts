import { expect, test } from "vitest";

import { PushMesh } from "../../test/support/push-mesh.ts";
import { NodeRecords } from "./node-records.ts";

const NODE = {
  cluster: "demo",
  service: "shop",
  symbol: "stable",
  labels: {},
  version: "0.1.0",
  platform: "linux/amd64",
};

async function tickOf(mesh: PushMesh): Promise<number> {
  return mesh.store.read(async (view) => view.tick);
}

test("nodes that come together are written in one change, and one without a cluster spoils it for none", async () => {
  await using mesh = await PushMesh.start();
  const records = new NodeRecords(mesh.store, mesh.reports, mesh.clock);
  const before = await tickOf(mesh);

  const registered = await Promise.allSettled([
    ...Array.from({ length: 50 }, (_, index) => records.register({ ...NODE, id: `node-${index}` })),
    records.register({ ...NODE, id: "lost", cluster: "nowhere" }),
  ]);

  expect(await tickOf(mesh)).toBe(before + 1);
  expect(registered.map(({ status }) => status)).toEqual([
    ...Array<string>(50).fill("fulfilled"),
    "rejected",
  ]);
  expect(mesh.reports.list()).toHaveLength(50);
});

test("two processes that introduce one node in two ways at once are not both taken", async () => {
  await using mesh = await PushMesh.start();
  const records = new NodeRecords(mesh.store, mesh.reports, mesh.clock);

  const [first, second] = await Promise.allSettled([
    records.register({ ...NODE, id: "node-1", version: "1.0.0" }),
    records.register({ ...NODE, id: "node-1", version: "2.0.0" }),
  ]);

  expect([first?.status, second?.status]).toEqual(["rejected", "fulfilled"]);
});

test("a store that is away refuses a new node, and one that is known goes on", async () => {
  await using mesh = await PushMesh.start();
  const records = new NodeRecords(mesh.store, mesh.reports, mesh.clock);
  const known = await records.register({ ...NODE, id: "node-1" });
  await mesh.store[Symbol.asyncDispose]();

  expect(await records.register({ ...NODE, id: "node-1" })).toBe(known);
  await expect(records.register({ ...NODE, id: "node-2" })).rejects.toMatchObject({ code: "unavailable" });
});

test("a node that is another one each time does not fill the audit, nor have all snapshots made again", async () => {
  await using mesh = await PushMesh.start();
  const records = new NodeRecords(mesh.store, mesh.reports, mesh.clock);
  const introduce = async (time: number) =>
    records.register({ ...NODE, id: "node-1", labels: { time: String(time) } });
  for (let time = 0; time <= 20; time++) await introduce(time);
  const before = await tickOf(mesh);

  await expect(introduce(21)).rejects.toMatchObject({ code: "unavailable" });

  expect(await tickOf(mesh)).toBe(before);
  mesh.clock.advance(60_000);
  await expect(introduce(21)).resolves.toMatchObject({ labels: { time: "21" } });
});
