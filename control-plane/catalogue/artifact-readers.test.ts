import { expect, test } from "vitest";

import { ManualClock } from "../../core/manual-clock.ts";
import {
  clusterIn,
  domainNamed,
  nodeIn,
  person,
  pluginIn,
  releaseOf,
  versionOf,
} from "../../test/support/catalogue-records.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import type { Actor } from "../model/actor.ts";
import { openStore } from "../store/open-store.ts";
import type { Store, View } from "../store/store.ts";
import { requireReader } from "./artifact-readers.ts";

const RELEASES = 300;
const NODE: Actor = { kind: "token", name: "web-1", tokenId: "web-1", node: "web-1", grants: [] };

/** A plugin with a long history in a cluster: version N.0.0 was released by release N. */
async function filled(store: Store): Promise<void> {
  await store.change(person("dana"), "fill", async (change) => {
    await change.domains.insert(domainNamed("shop"));
    await change.clusters.insert(clusterIn("shop", "web"));
    await change.plugins.insert(pluginIn("shop", "guard"));
    await change.nodes.insert(nodeIn("web", "web-1"));
    for (let id = 1; id <= RELEASES; id++) {
      const version = `${id}.0.0`;
      await change.versions.insert({ ...versionOf("guard", version), digest: digestOf(id) });
      const facts = { cluster: "web", plugin: "guard", version, digest: digestOf(id) };
      await change.releases.insert(releaseOf(id, { ...facts, state: stateOf(id) }));
    }
  });
}

function digestOf(release: number): string {
  return `digest-${release}`;
}

function stateOf(id: number): "DOWNLOADING" | "PENDING_APPROVAL" | "SUPERSEDED" {
  if (id === RELEASES) return "PENDING_APPROVAL";
  return id === RELEASES - 1 ? "DOWNLOADING" : "SUPERSEDED";
}

/** How many releases were read to find out whether the node may have the package. */
async function readFor(store: Store, digest: string): Promise<number> {
  let read = 0;
  await store.read(async (view) => {
    const releases: View["releases"] = {
      get: (id) => view.releases.get(id),
      list: async (filter, page) => {
        const found = await view.releases.list(filter, page);
        read += found.items.length;
        return found;
      },
    };
    await requireReader({ ...view, releases }, NODE, digest);
  });
  return read;
}

test("a node that downloads what is being released makes the control plane read few releases, whatever its history", async () => {
  await using folder = await TemporaryFolder.create();
  await using store = await openStore(folder.path, new ManualClock());
  await filled(store);

  expect(await readFor(store, digestOf(RELEASES - 1))).toBeLessThanOrEqual(10);
});

test("what was released long ago may be had too, and what waits for its approval may not", async () => {
  await using folder = await TemporaryFolder.create();
  await using store = await openStore(folder.path, new ManualClock());
  await filled(store);

  await readFor(store, digestOf(1));
  await expect(readFor(store, digestOf(RELEASES))).rejects.toMatchObject({ code: "forbidden" });
  await expect(readFor(store, "nobody's")).rejects.toMatchObject({ code: "forbidden" });
});
