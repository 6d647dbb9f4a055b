import { expect, test } from "vitest";

import { person } from "../../test/support/catalogue-records.ts";
import { openedCatalogue, type OpenedCatalogue } from "../../test/support/opened-catalogue.ts";
import type { Grant } from "../model/access.ts";
import type { Actor } from "../model/actor.ts";
import type { Cluster } from "../model/catalogue.ts";
import type { Unrevised } from "../store/store.ts";
import { applyDocuments } from "./apply-documents.ts";
import { putCluster } from "./clusters.ts";

const FORBIDDEN = { code: "forbidden" };
const root = holder({ role: "admin", scope: { kind: "all" } });
const operator = holder({ role: "operator", scope: { kind: "domain", domain: "shop" } });
const ofTheCluster = holder({ role: "operator", scope: { kind: "cluster", cluster: "shop-1" } });
const SHOP: Unrevised<Cluster> = {
  name: "shop-1",
  domain: "shop",
  environment: "production",
  requiredApprovals: 1,
  rollbackApproval: true,
};

function holder(...grants: readonly Grant[]): Actor {
  return { ...person("dana"), grants } as Actor;
}

async function catalogueWithCluster(): Promise<OpenedCatalogue> {
  const catalogue = await openedCatalogue();
  const domains = [
    { kind: "Domain", name: "shop", versionApproval: true },
    { kind: "Domain", name: "lax" },
  ];
  const documents = [...domains, { kind: "Cluster", ...SHOP }];
  await applyDocuments(catalogue.store, root, documents, { dryRun: false });
  return catalogue;
}

test("a grant for one cluster neither moves it into another domain nor makes it", async () => {
  await using catalogue = await catalogueWithCluster();
  const { store } = catalogue;
  const moved = { kind: "Cluster", ...SHOP, domain: "lax" };
  const elsewhere = holder({ role: "operator", scope: { kind: "cluster", cluster: "shop-2" } });

  await expect(applyDocuments(store, ofTheCluster, [moved], { dryRun: false })).rejects.toMatchObject(
    FORBIDDEN,
  );
  const made = putCluster(store, elsewhere, { ...SHOP, name: "shop-2" }, undefined);
  await expect(made).rejects.toMatchObject(FORBIDDEN);

  expect((await store.read(({ clusters }) => clusters.get("shop-1")))?.domain).toBe("shop");
});

test("a cluster that somebody else made meanwhile is not taken over into one's own domain", async () => {
  await using catalogue = await catalogueWithCluster();
  const stranger = holder({ role: "operator", scope: { kind: "domain", domain: "lax" } });

  // As if the rights had been looked at before the cluster was made.
  const taken = putCluster(catalogue.store, stranger, { ...SHOP, domain: "lax" }, undefined);

  await expect(taken).rejects.toMatchObject(FORBIDDEN);
});

test.for([
  ["fewer approvals", { ...SHOP, requiredApprovals: 0 }],
  ["no approval of rollbacks", { ...SHOP, rollbackApproval: false }],
  ["a domain that asks for no approval of versions", { ...SHOP, domain: "lax" }],
] as const)("an operator does not ask for %s: that is to go without approvals", async ([, wanted]) => {
  await using catalogue = await catalogueWithCluster();
  const { store } = catalogue;
  const everywhere = holder({ role: "operator", scope: { kind: "all" } });

  await expect(putCluster(store, everywhere, wanted, undefined)).rejects.toMatchObject(FORBIDDEN);
  const documents = [{ kind: "Cluster", ...wanted }];
  await expect(applyDocuments(store, everywhere, documents, { dryRun: false })).rejects.toMatchObject(
    FORBIDDEN,
  );

  expect(await putCluster(store, root, wanted, undefined)).toMatchObject(wanted);
});

test("an operator asks for more approvals, and changes what has nothing to do with them", async () => {
  await using catalogue = await catalogueWithCluster();
  const wanted = { ...SHOP, requiredApprovals: 2, environment: "staging" };

  expect(await putCluster(catalogue.store, operator, wanted, undefined)).toMatchObject(wanted);
});
