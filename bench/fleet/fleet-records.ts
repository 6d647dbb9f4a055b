import { contentHash } from "../../core/content-hash.ts";
import type { PluginVersion } from "../../control-plane/model/catalogue.ts";
import type { ReleaseState } from "../../control-plane/model/release.ts";
import type { Change, Store } from "../../control-plane/store/store.ts";
import { releaseOf } from "../../test/support/catalogue-records.ts";

export const CLUSTER = "fleet";
const PLUGINS = ["guard", "header-tag", "quota", "audit", "rewrite"] as const;
/** The plugin of which new versions are released. */
const [RELEASED] = PLUGINS;
const BY = { kind: "system", name: "bootstrap" } as const;

/** A cluster with a chain of five plugins, a version of each in force; nothing where it is there already. */
export async function seed(store: Store): Promise<void> {
  if ((await store.read(async (view) => view.clusters.get(CLUSTER))) !== undefined) return;
  await store.change(BY, "bootstrap", async (change) => {
    await change.domains.insert({ name: "bench", description: "", versionApproval: false });
    const rules = { environment: "bench", requiredApprovals: 0, rollbackApproval: false };
    await change.clusters.insert({ name: CLUSTER, domain: "bench", ...rules });
    for (const name of PLUGINS) {
      await change.plugins.insert({ name, domain: "bench", description: "", owners: ["bench"] });
      await release(change, name, 1, "DONE");
    }
    await change.chains.insert({
      cluster: CLUSTER,
      entries: PLUGINS.map((plugin) => entryOf(plugin, 1)),
      deadlines: { request: 1_000, response: 1_000 },
    });
  });
}

/** Another configuration of every plugin; the tick that it took. */
export async function changeChain(store: Store, limit: number): Promise<number> {
  const { tick } = await store.change(BY, "chain.write", async (change) => {
    const chain = await change.chains.get(CLUSTER);
    if (chain === undefined) throw new Error("the fleet has no chain");
    await change.chains.update({ ...chain, entries: PLUGINS.map((plugin) => entryOf(plugin, limit)) });
  });
  return tick;
}

/** Another version of one plugin for every node; the tick that it took. */
export async function changeVersion(store: Store): Promise<number> {
  const { tick } = await store.change(BY, "release.activate", async (change) => {
    const { items } = await change.releases.list({ cluster: CLUSTER, plugin: RELEASED }, { limit: 1_000 });
    const newest = items.at(-1);
    for (const before of items.filter(({ state }) => state !== "SUPERSEDED"))
      await change.releases.update({ ...before, state: before === newest ? "DONE" : "SUPERSEDED" });
    await release(change, RELEASED, items.length + 1, "ACTIVATING");
  });
  return tick;
}

async function release(change: Change, plugin: string, major: number, state: ReleaseState): Promise<void> {
  const version = `${major}.0.0`;
  const digest = contentHash([plugin, version]);
  await change.versions.insert({
    plugin,
    version,
    digest,
    size: 20_000,
    manifest: { name: plugin, version } as PluginVersion["manifest"],
    configSchema: undefined,
    readme: undefined,
    uploader: "bench",
    uploadedAt: 0,
    approval: "APPROVED",
    approvedBy: undefined,
    note: "",
  });
  const id = await change.nextReleaseId();
  await change.releases.insert(releaseOf(id, { cluster: CLUSTER, plugin, version, digest, state }));
}

function entryOf(
  plugin: string,
  limit: number,
): Parameters<Change["chains"]["insert"]>[0]["entries"][number] {
  const allow = Array.from({ length: 20 }, (_, host) => `host-${host}.example`);
  return {
    plugin,
    mode: "enforce",
    tag: "",
    config: { limit, allow },
    match: undefined,
    failurePolicy: undefined,
    timeout: undefined,
    cpu: undefined,
    memory: undefined,
  };
}
