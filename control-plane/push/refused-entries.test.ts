import { expect, test } from "vitest";

import { contentHash } from "../../core/content-hash.ts";
import { createLogger } from "../../core/log.ts";
import type { Resource__Output } from "../../proto/gen/mesh/v1/Resource.ts";
import { chainOf, pluginIn, releaseOf, versionOf } from "../../test/support/catalogue-records.ts";
import { PushMesh } from "../../test/support/push-mesh.ts";
import type { TestNode } from "../../test/support/test-node.ts";
import type { ReleaseState } from "../model/release.ts";
import { ReleaseProjection } from "../releases/release-projection.ts";
import type { ChainContent, StageContent } from "../snapshot/node-snapshot.ts";
import { ReleaseSnapshots } from "../snapshot/release-snapshots.ts";
import type { Change } from "../store/store.ts";

// What a node is sent, and what others are, once it has refused single entries of its chain.

const BY = { kind: "system", name: "bootstrap" } as const;
const PLUGINS = ["guard", "tagger"];

async function startMesh(): Promise<PushMesh> {
  return PushMesh.start({
    snapshots: async (store, clock, chains) => {
      const known = await store.read(({ plugins }) => plugins.get("guard"));
      if (known === undefined) await store.change(BY, "bootstrap", fill);
      const projection = new ReleaseProjection({ store, clock, log: createLogger("silent") });
      await projection.start();
      return new ReleaseSnapshots(projection, chains);
    },
  });
}

async function fill(change: Change): Promise<void> {
  for (const [index, plugin] of PLUGINS.entries()) {
    await change.plugins.insert(pluginIn("shop", plugin));
    for (const version of ["1.0.0", "2.0.0"])
      await change.versions.insert({ ...versionOf(plugin, version), digest: contentHash([plugin, version]) });
    await change.releases.insert(releaseOf(index + 1, releaseFacts(`${plugin}@1.0.0`, "DONE")));
  }
  await change.chains.insert(chainOf("demo", PLUGINS));
}

function releaseFacts(named: string, state: ReleaseState) {
  const [plugin = "", version = ""] = named.split("@");
  const target = { kind: "full" } as const;
  return { cluster: "demo", plugin, version, digest: contentHash([plugin, version]), state, target };
}

async function changed(mesh: PushMesh, make: (change: Change) => Promise<void>): Promise<void> {
  const { tick } = await mesh.store.change(BY, "test", make);
  await mesh.eventually(() => mesh.metric("sluice_cp_tick") === tick);
  mesh.debounce();
}

/** A version is activated on all nodes of the cluster. */
async function activates(mesh: PushMesh, id: number, named: string): Promise<void> {
  await changed(mesh, async ({ releases }) => {
    await releases.insert(releaseOf(id, releaseFacts(named, "ACTIVATING")));
  });
}

async function switches(mesh: PushMesh, plugin: string, mode: "enforce" | "off"): Promise<void> {
  await changed(mesh, async ({ chains }) => {
    const { revision: _, ...chain } = (await chains.get("demo"))!;
    const entries = chain.entries.map((each) => (each.plugin === plugin ? { ...each, mode } : each));
    await chains.update({ ...chain, entries });
  });
}

/** The chain that the node is sent next; what comes before it, it takes, and says that it can load. */
async function nextChain(mesh: PushMesh, node: TestNode): Promise<Resource__Output> {
  while (true) {
    const resource = await node.next("resource");
    if (resource.type === "CHAIN") return resource;
    node.ack(resource);
    if (resource.type !== "STAGE") continue;
    const { packages } = JSON.parse(String(resource.content)) as StageContent;
    for (const { plugin, version, digest } of packages) node.stage(plugin, version, digest, "LOADABLE");
    const digests = packages.map(({ digest }) => digest);
    await mesh.until(() => digests.every((digest) => isLoadable(mesh, node.id, digest)));
    mesh.debounce();
  }
}

function isLoadable(mesh: PushMesh, node: string, digest: string): boolean {
  const held = mesh.reports.get(node)?.report.packages ?? [];
  return held.some((item) => item.digest === digest && item.state === "LOADABLE");
}

function namesIn({ content }: Resource__Output): readonly string[] {
  const { entries } = JSON.parse(String(content)) as ChainContent;
  return entries.map(({ plugin, version, mode }) => `${String(plugin)}@${String(version)} ${String(mode)}`);
}

/** A node that runs the base of both plugins. */
async function running(mesh: PushMesh, id: string): Promise<TestNode> {
  const node = await mesh.connect(id);
  node.ack(await nextChain(mesh, node));
  await mesh.until(() => mesh.reports.sync(id) === "SYNCED");
  return node;
}

/** It refuses `guard` alone in what it is sent. */
async function refusing(mesh: PushMesh, node: TestNode): Promise<Resource__Output> {
  const chain = await nextChain(mesh, node);
  node.nack(chain, [{ plugin: "guard", key: "chain[0]", message: "init failed" }]);
  await mesh.until(() => mesh.reports.sync(node.id) === "REJECTED");
  mesh.debounce();
  return chain;
}

test("a node that refused an entry is sent every other change, and that entry only when somebody says retry", async () => {
  await using mesh = await startMesh();
  const node = await running(mesh, "node-1");
  await activates(mesh, 3, "guard@2.0.0");
  const refused = await refusing(mesh, node);
  expect(namesIn(refused)).toEqual(["guard@2.0.0 enforce", "tagger@1.0.0 enforce"]);

  await switches(mesh, "tagger", "off");
  const other = await nextChain(mesh, node);
  expect(namesIn(other)).toEqual(["guard@1.0.0 enforce", "tagger@1.0.0 off"]);
  node.ack(other);
  await mesh.until(() => mesh.reports.get("node-1")?.report.resources.chain.acked?.hash === other.hash);
  const { chain } = mesh.reports.get("node-1")!.report.resources;
  expect(mesh.reports.sync("node-1")).toBe("REJECTED");
  expect(chain.nacked).toMatchObject({
    hash: chain.wanted?.hash,
    problems: ["guard: chain[0]: init failed"],
  });
  expect(mesh.metric('sluice_cp_nack_resends_suppressed_total{type="chain"}')).toBeGreaterThan(0);

  mesh.reports.retry("node-1");
  mesh.debounce();
  const again = await nextChain(mesh, node);
  expect(namesIn(again)).toEqual(["guard@2.0.0 enforce", "tagger@1.0.0 off"]);
  node.ack(again);
  await mesh.until(() => mesh.reports.sync("node-1") === "SYNCED");
});

test("a new node is spared a chain that no node was sent since its entry was refused before", async () => {
  await using mesh = await startMesh();
  const node = await running(mesh, "node-1");
  await activates(mesh, 3, "guard@2.0.0");
  await refusing(mesh, node);
  await switches(mesh, "tagger", "off");
  const inForce = await nextChain(mesh, node);
  node.ack(inForce);
  await mesh.until(() => mesh.reports.get("node-1")?.report.resources.chain.acked?.hash === inForce.hash);

  const newcomer = await mesh.connect("node-2");
  expect((await nextChain(mesh, newcomer)).hash).toBe(inForce.hash);
});

test("a node that refuses an entry keeps no node that has another chain from it", async () => {
  await using mesh = await startMesh();
  const [bad, good] = [await running(mesh, "node-1"), await running(mesh, "node-2")];
  await activates(mesh, 3, "guard@2.0.0");
  await refusing(mesh, bad);
  good.ack(await nextChain(mesh, good));
  await mesh.until(() => mesh.reports.sync("node-2") === "SYNCED");

  await switches(mesh, "tagger", "off");
  expect(namesIn(await nextChain(mesh, good))).toEqual(["guard@2.0.0 enforce", "tagger@1.0.0 off"]);
});

test("after a restart of the control plane other changes still reach a node that refused an entry", async () => {
  await using mesh = await startMesh();
  const node = await running(mesh, "node-1");
  await activates(mesh, 3, "guard@2.0.0");
  await refusing(mesh, node);
  const { resources, packages } = mesh.reports.get("node-1")!.report;
  const inForce = (["stage", "route", "chain"] as const).map((type) => {
    return { type: type.toUpperCase() as "STAGE", hash: resources[type].acked?.hash ?? "" };
  });
  await mesh.restart();

  const back = await mesh.connect("node-1", { hello: { inForce, staged: [...packages] } });
  expect(mesh.reports.sync("node-1")).toBe("REJECTED");
  await switches(mesh, "tagger", "off");

  expect(namesIn(await nextChain(mesh, back))).toEqual(["guard@1.0.0 enforce", "tagger@1.0.0 off"]);
});

test("a node that refuses whatever it is sent is sent each content once and then nothing", async () => {
  await using mesh = await startMesh();
  const node = await running(mesh, "node-1");
  await activates(mesh, 3, "guard@2.0.0");
  await switches(mesh, "tagger", "off");
  const about = PLUGINS.map((plugin, index) => ({ plugin, key: `chain[${index}]`, message: "no" }));
  const sent: string[] = [];
  const chainNews = (): boolean => node.unread("resource") > 0;
  do {
    const chain = await nextChain(mesh, node);
    sent.push(chain.hash);
    const nacks = sent.length;
    node.nack(chain, about);
    const counted = () => mesh.metric('sluice_cp_push_total{type="chain",result="nack"}') === nacks;
    await mesh.eventually(counted);
    mesh.debounce();
    await node.report(false);
  } while (chainNews());

  expect(new Set(sent).size).toBe(sent.length);
  expect(sent.length).toBeLessThan(6);
  await node.report(false);
  mesh.debounce();
  await node.report(false);
  expect(node.unread("resource")).toBe(0);
});
