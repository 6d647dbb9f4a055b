import { DatabaseSync } from "node:sqlite";

import { expect, test } from "vitest";

import { ManualClock } from "../../../core/manual-clock.ts";
import {
  clusterIn,
  domainNamed,
  person,
  pluginIn,
  releaseOf,
  versionOf,
} from "../../../test/support/catalogue-records.ts";
import { TemporaryFolder } from "../../../test/support/temporary-folder.ts";
import { openStore } from "../open-store.ts";

const clock = new ManualClock();
const approval = { by: "ada", tokenId: "token-1", at: 0, note: "", bypass: false };

/** A store as the first migration left it, with a release that waits and one that runs. */
async function olderStore(folder: string): Promise<void> {
  await using store = await openStore(folder, clock);
  await store.change(person("dana"), "made", async ({ domains, clusters, plugins, versions, releases }) => {
    await domains.insert(domainNamed("shop"));
    await clusters.insert({ ...clusterIn("shop", "web"), requiredApprovals: 2 });
    await plugins.insert(pluginIn("shop", "guard"));
    await versions.insert(versionOf("guard", "1.0.0"));
    const facts = { cluster: "web", plugin: "guard", version: "1.0.0", approvals: [approval] };
    await releases.insert(releaseOf(1, { ...facts, state: "PENDING_APPROVAL" }));
    await releases.insert(releaseOf(2, { ...facts, state: "ACTIVE" }));
  });
}

function forget(path: string): void {
  using database = new DatabaseSync(path);
  database.exec("update releases set record = json_remove(record, '$.requiredApprovals')");
  database.exec("drop table node_chains");
  database.exec("delete from kysely_migration where name > '0001-initial'");
}

test("a release of before asks for what its cluster asks for while it waits, and for what it had once it ran", async () => {
  await using folder = await TemporaryFolder.create();
  await olderStore(folder.path);
  forget(folder.join("store.sqlite"));

  await using store = await openStore(folder.path, clock);
  const { items } = await store.read(({ releases }) => releases.list({}, { limit: 10 }));

  const shown = items.map(({ state, requiredApprovals }) => `${state} ${requiredApprovals}`);
  expect(shown.toSorted()).toEqual(["ACTIVE 1", "PENDING_APPROVAL 2"]);
});
