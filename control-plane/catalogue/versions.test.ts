import { expect, test } from "vitest";

import { nodeIn, person, releaseOf } from "../../test/support/catalogue-records.ts";
import { openedCatalogue } from "../../test/support/opened-catalogue.ts";
import { pluginZip } from "../../test/support/plugin-packages.ts";
import type { Actor } from "../model/actor.ts";
import { deleteCluster, putCluster } from "./clusters.ts";
import { collectArtifacts } from "./collect-artifacts.ts";
import { deleteDomain, putDomain } from "./domains.ts";
import { deletePlugin, putPlugin } from "./plugins.ts";
import { approveVersion, deleteVersion, refuseVersion } from "./versions.ts";

const dana = person("dana");
const ann = person("ann");
const name = { plugin: "tagger", version: "1.0.0" };

test("a version is approved or refused by somebody else than its uploader", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  await catalogue.upload(dana, pluginZip());

  await expect(approveVersion(store, dana, name, "")).rejects.toMatchObject({ code: "forbidden" });
  await expect(refuseVersion(store, dana, name, "no")).rejects.toMatchObject({ code: "forbidden" });
  expect(await approveVersion(store, ann, name, "looks good")).toMatchObject({
    approval: "APPROVED",
    approvedBy: "ann",
    note: "looks good",
  });
  await expect(approveVersion(store, ann, name, "")).rejects.toMatchObject({ code: "wrong_state" });
  expect(await refuseVersion(store, ann, name, "on second thoughts")).toMatchObject({ approval: "REFUSED" });
});

test("a version in use is not deleted; one that is not goes, and its bytes with the next collection", async () => {
  await using catalogue = await openedCatalogue();
  const { store, artifacts } = catalogue;
  const { digest } = await catalogue.upload(dana, pluginZip());
  const facts = { cluster: "demo", ...name };
  await store.change(dana, "release", ({ releases }) =>
    releases.insert(releaseOf(1, { ...facts, state: "DONE" })),
  );

  await expect(deleteVersion(store, dana, name, undefined)).rejects.toThrow("is in use by release 1");
  await expect(deleteVersion(store, ann, name, undefined)).rejects.toMatchObject({ code: "forbidden" });
  await store.change(dana, "release", ({ releases }) =>
    releases.update(releaseOf(1, { ...facts, state: "SUPERSEDED" })),
  );
  expect(await collectArtifacts(store, artifacts)).toEqual([]);
  await deleteVersion(store, dana, name, undefined);

  expect(await collectArtifacts(store, artifacts)).toEqual([digest]);
  await expect(deleteVersion(store, dana, name, undefined)).rejects.toMatchObject({ code: "not_found" });
});

test("a plugin belongs to whoever makes it, and others neither change nor delete it", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  const wanted = { name: "guard", domain: "pay", description: "", owners: [] };

  expect(await putPlugin(store, ann, wanted, 0)).toMatchObject({ owners: ["ann"] });

  const taken = putPlugin(store, dana, { ...wanted, owners: ["dana"] }, undefined);
  await expect(taken).rejects.toMatchObject({ code: "forbidden" });
  await expect(deletePlugin(store, dana, "guard", undefined)).rejects.toMatchObject({ code: "forbidden" });
  await deletePlugin(store, ann, "guard", undefined);
  const lost = putPlugin(store, ann, { ...wanted, domain: "pya" }, undefined);
  await expect(lost).rejects.toThrow('there is no domain pya, did you mean "pay"?');
});

test("the same content again is no change, and a change that others have overtaken is refused", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  const wanted = { name: "shop", description: "", versionApproval: true };
  const { revision } = await putDomain(store, ann, wanted, undefined);

  expect(await putDomain(store, ann, wanted, revision)).toMatchObject({ revision });
  expect(await store.read(async ({ tick }) => tick)).toBe(revision);
  const changed = { ...wanted, description: "ours" };
  await expect(putDomain(store, ann, changed, 0)).rejects.toMatchObject({ code: "revision_mismatch" });
  await putDomain(store, ann, changed, revision);
  await expect(putDomain(store, ann, wanted, revision)).rejects.toMatchObject({ code: "revision_mismatch" });
  const fresh = putDomain(store, ann, { ...wanted, name: "new" }, 7);
  await expect(fresh).rejects.toMatchObject({ code: "revision_mismatch" });
});

test("a cluster goes with its chain and what was finished there, but not with nodes or open releases", async () => {
  await using catalogue = await openedCatalogue();
  const { store, clock } = catalogue;
  await catalogue.upload(dana, pluginZip());
  const remove = (): Promise<void> => deleteCluster(store, ann, { name: "demo", clock }, undefined);
  await store.change(dana, "fill", async ({ releases, nodes }) => {
    await releases.insert(releaseOf(1, { cluster: "demo", ...name, state: "DONE" }));
    await nodes.insert(nodeIn("demo", "node-1"));
  });
  await expect(remove()).rejects.toThrow("cluster demo is in use by node node-1");
  await store.change(dana, "forget", ({ nodes }) => nodes.delete("node-1"));
  await expect(deleteDomain(store, ann, "pay", undefined)).rejects.toMatchObject({ code: "in_use" });

  await remove();

  expect(await store.read(({ clusters }) => clusters.get("demo"))).toBeUndefined();
  expect(await store.read(({ releases }) => releases.get(1))).not.toMatchObject({ state: "DONE" });
  const cluster = { environment: "test", requiredApprovals: 0, rollbackApproval: false };
  const root = { ...ann, grants: [{ role: "admin", scope: { kind: "all" } }] } as Actor;
  await putCluster(store, root, { name: "demo", domain: "pay", ...cluster }, 0);
});
