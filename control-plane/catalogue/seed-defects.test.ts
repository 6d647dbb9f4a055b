import { writeFile } from "node:fs/promises";

import { expect, test } from "vitest";

import { clusterIn, nodeIn, person, pluginIn } from "../../test/support/catalogue-records.ts";
import { openedCatalogue } from "../../test/support/opened-catalogue.ts";
import { pluginZip } from "../../test/support/plugin-packages.ts";
import { PushMesh } from "../../test/support/push-mesh.ts";
import { applyDocuments } from "./apply-documents.ts";
import { putChain, removePlugin } from "./chains.ts";

// Defects of the systems that this one follows, by the names under which they were found; each is shown to be absent.

const dana = person("dana");

test("Pallas: a plugin is matched by `contains(name)`", async () => {
  await using catalogue = await openedCatalogue();
  const { store, clock } = catalogue;
  await store.change(dana, "fill", async ({ plugins }) => {
    for (const name of ["tag", "tagger-2"]) await plugins.insert(pluginIn("pay", name));
  });
  const entries = ["tag", "tagger", "tagger-2"].map((plugin) => ({ plugin }));
  await putChain(store, dana, { cluster: "demo", wish: { entries } }, undefined);

  const chain = await removePlugin(store, dana, { cluster: "demo", plugin: "tag", clock }, undefined);

  expect(chain.entries.map(({ plugin }) => plugin)).toEqual(["tagger", "tagger-2"]);
});

test("Pallas: no checksum, so that damaged bytes reach nodes", async () => {
  await using catalogue = await openedCatalogue();
  const { digest } = await catalogue.upload(dana, pluginZip());
  await writeFile(catalogue.folder.join("artifacts", digest.slice(0, 2), digest), "other bytes");

  await expect(catalogue.artifacts.read(digest)).rejects.toThrow("are damaged");
});

test("Pallas: a refused permission answers that the cluster does not exist", async () => {
  await using catalogue = await openedCatalogue();
  const chain = (cluster: string): object => ({ kind: "Chain", cluster, entries: [] });
  const apply = (cluster: string): Promise<unknown> =>
    applyDocuments(catalogue.store, dana, [chain(cluster)], { dryRun: false });

  await expect(apply("demo")).rejects.toMatchObject({ code: "forbidden" });
  await expect(apply("demo")).rejects.toThrow("dana may not chain.write in cluster demo");
  // Who may not look does not learn what is there.
  await expect(apply("none")).rejects.toMatchObject({ code: "forbidden" });
});

test("Pallas: whether a node is legal is a substring match", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  await store.change(dana, "fill", async ({ clusters, nodes }) => {
    await clusters.insert(clusterIn("pay", "demo-2"));
    await nodes.insert(nodeIn("demo-2", "node-12"));
  });

  expect(await store.read(({ nodes }) => nodes.get("node-1"))).toBeUndefined();
  expect((await store.read(({ nodes }) => nodes.list({ cluster: "demo" }, { limit: 10 }))).items).toEqual([]);

  await using mesh = await PushMesh.start();
  for (const [owner, node] of [
    ["node-1", "node-10"],
    ["node-10", "node-1"],
    ["ode", "node-1"],
  ] as const) {
    const refused = mesh.greet(node, { token: `sluice_${owner}` });
    await expect(refused.next("welcome")).rejects.toThrow(`the token speaks for node ${owner}`);
  }
  const cluster = mesh.greet("node-1", { hello: { cluster: "demo-2" } });
  await expect(cluster.next("welcome")).rejects.toThrow("node-1 may not node.connect in cluster demo-2");
  expect(mesh.reports.list()).toEqual([]);
});

test("Pallas: whether a node is legal is asked on every keepalive", async () => {
  await using mesh = await PushMesh.start();
  const node = await mesh.connect("node-1");
  expect(mesh.tokens.presented).toBe(1);
  // Nobody could look anything up any more.
  await mesh.store[Symbol.asyncDispose]();

  for (let report = 0; report < 50; report++) await node.report(report === 0);

  expect(mesh.tokens.presented).toBe(1);
  expect(mesh.reports.presence("node-1")).toBe("ONLINE");
});

test("Pallas: the package of a version can be exchanged under its name", async () => {
  await using catalogue = await openedCatalogue();
  const { digest } = await catalogue.upload(dana, pluginZip());

  const exchanged = catalogue.upload(dana, pluginZip({}, [{ name: "tagger/README.md", content: "other" }]));

  await expect(exchanged).rejects.toMatchObject({ code: "conflict" });
  const { items } = await catalogue.store.read(({ versions }) => versions.list({}, { limit: 10 }));
  expect(items.map((version) => version.digest)).toEqual([digest]);
});
