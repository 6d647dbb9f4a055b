import { expect, test } from "vitest";

import { person } from "../../test/support/catalogue-records.ts";
import { openedCatalogue } from "../../test/support/opened-catalogue.ts";
import type { Grant } from "../model/access.ts";
import type { Actor } from "../model/actor.ts";
import { applyDocuments } from "./apply-documents.ts";
import { diffDocuments } from "./diff-documents.ts";

function holder(name: string, ...grants: readonly Grant[]): Actor {
  return { ...person(name), grants } as Actor;
}
const root = holder("root", { role: "admin", scope: { kind: "all" } });
const ofShop = holder("ann", { role: "developer", scope: { kind: "domain", domain: "shop" } });

function unrevised(record: unknown): object {
  const { revision: _, ...members } = record as { readonly revision: number };
  return members;
}

const CHAIN = { kind: "Chain", cluster: "shop-1", entries: [{ plugin: "guard", timeout: "50ms" }] };
const CLUSTER = { kind: "Cluster", name: "shop-1", domain: "shop", environment: "production" };
const PLUGIN = { kind: "Plugin", name: "guard", domain: "shop", owners: ["dana"] };
const DOMAIN = { kind: "Domain", name: "shop" };
const WEBHOOK = {
  kind: "Webhook",
  id: "ops",
  url: "https://alarms.example/",
  secret: { fromEnv: "HOOK_SECRET" },
};
const ALL = [CHAIN, CLUSTER, PLUGIN, DOMAIN];

test("whoever may read sees what would change, in the words of apply, and nothing happens", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  const fresh = await diffDocuments(store, ofShop, ALL);
  expect(fresh.changes.map(({ kind, operation }) => `${kind} ${operation}`)).toEqual([
    "Domain create",
    "Cluster create",
    "Plugin create",
    "Chain create",
  ]);

  const { tick } = await applyDocuments(store, root, ALL, { dryRun: false });
  const same = await diffDocuments(store, ofShop, ALL);
  const changed = { ...CHAIN, entries: [{ plugin: "guard", timeout: "70ms" }] };
  const different = await diffDocuments(store, ofShop, [changed, PLUGIN]);
  const dry = await applyDocuments(store, root, [changed, PLUGIN], { dryRun: true });

  expect(same.tick).toBe(tick);
  expect(same.changes.map(({ operation }) => operation)).toEqual(ALL.map(() => "none"));
  expect(different.changes.map(({ operation }) => operation)).toEqual(["none", "update"]);
  expect(different.changes.map((change) => ({ ...change, after: unrevised(change.after) }))).toEqual(
    dry.changes.map((change) => ({ ...change, after: unrevised(change.after) })),
  );
  expect(await store.read(async (view) => view.tick)).toBe(tick);
});

test("what one may not read is refused by document, also where it is not there", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  await applyDocuments(store, root, [...ALL, WEBHOOK], { dryRun: false });
  const ofPay = holder("bob", { role: "operator", scope: { kind: "domain", domain: "pay" } });
  const refusal = (actor: Actor, document: object): Promise<unknown> =>
    diffDocuments(store, actor, [document]).then(
      () => "seen",
      ({ code, problems }: { code: string; problems: readonly { where: string }[] }) =>
        `${code} ${problems.map(({ where }) => where).join()}`,
    );

  for (const document of [...ALL, { ...CHAIN, cluster: "nowhere" }])
    expect(await refusal(ofPay, document)).toBe("forbidden documents[0]");
  // Webhooks are read by admins alone.
  expect(await refusal(ofShop, WEBHOOK)).toBe("forbidden documents[0]");
  expect(await refusal(root, WEBHOOK)).toBe("seen");
});

test("documents that are wrong in themselves, or older than what is there, are refused as by apply", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  const { tick } = await applyDocuments(store, root, ALL, { dryRun: false });

  const wrong = diffDocuments(store, ofShop, [{ ...CHAIN, entries: [{ plugin: "guard", timeout: "soon" }] }]);
  const old = diffDocuments(store, ofShop, [{ ...DOMAIN, revision: tick - 1 }]);

  await expect(wrong).rejects.toMatchObject({ code: "invalid_input", problems: [{ where: "documents[0]" }] });
  await expect(old).rejects.toMatchObject({ code: "revision_mismatch" });
});
