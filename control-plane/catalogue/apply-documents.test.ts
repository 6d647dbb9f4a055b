import { anything, assert, asyncProperty } from "fast-check";
import { expect, test } from "vitest";

import { person } from "../../test/support/catalogue-records.ts";
import { openedCatalogue } from "../../test/support/opened-catalogue.ts";
import type { Grant } from "../model/access.ts";
import type { Actor } from "../model/actor.ts";
import { applyDocuments } from "./apply-documents.ts";

function holder(...grants: readonly Grant[]): Actor {
  return { ...person("root"), grants } as Actor;
}
const root = holder({ role: "admin", scope: { kind: "all" } });

const DOCUMENTS = [
  { kind: "Chain", cluster: "shop-1", entries: [{ plugin: "guard", timeout: "50ms" }] },
  { kind: "Plugin", name: "guard", domain: "shop", owners: ["dana"] },
  { kind: "Cluster", name: "shop-1", domain: "shop", environment: "production" },
  { kind: "Domain", name: "shop" },
  { kind: "Webhook", id: "ops", url: "https://alarms.example/", secret: { fromEnv: "HOOK_SECRET" } },
];

test("documents make what they name, whatever their order, in one change; again they change nothing", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;

  const first = await applyDocuments(store, root, DOCUMENTS, { dryRun: false });

  expect(first.changes.map(({ kind, key, operation }) => [kind, key, operation])).toEqual([
    ["Domain", "shop", "create"],
    ["Cluster", "shop-1", "create"],
    ["Plugin", "guard", "create"],
    ["Chain", "shop-1", "create"],
    ["Webhook", "ops", "create"],
  ]);
  expect(first.tick).toBe(2);
  const second = await applyDocuments(store, root, DOCUMENTS, { dryRun: false });
  expect(second.tick).toBe(2);
  expect(second.changes.map(({ operation }) => operation)).toEqual(Array(5).fill("none"));
});

test("documents may say the version of their form, and of no other", async () => {
  await using catalogue = await openedCatalogue();
  const domain = (apiVersion: unknown): object => ({ apiVersion, kind: "Domain", name: "pay" });
  const apply = (document: object): Promise<unknown> =>
    applyDocuments(catalogue.store, root, [document], { dryRun: true });

  await expect(apply(domain("sluice/v1"))).resolves.toMatchObject({
    changes: [{ kind: "Domain", key: "pay" }],
  });
  await expect(apply(domain("sluice/v2"))).rejects.toThrow("documents[0]: apiVersion: expected sluice/v1");
});

test("a dry run tells what would happen, and nothing happens", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  const documents = [...DOCUMENTS, { kind: "Domain", name: "pay", description: "money" }];

  const { tick, changes } = await applyDocuments(store, root, documents, { dryRun: true });

  expect(tick).toBe(1);
  expect(changes.find(({ key }) => key === "pay")).toMatchObject({
    operation: "update",
    before: { description: "" },
    after: { description: "money" },
  });
  expect(await store.read(({ domains }) => domains.get("shop"))).toBeUndefined();
  expect((await store.read(({ audit }) => audit.list({}, { limit: 10 }))).items).toHaveLength(1);
});

test("each document takes its own right, and one that is missing refuses all", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  const operator = holder({ role: "operator", scope: { kind: "domain", domain: "pay" } });
  const chain = { kind: "Chain", cluster: "demo", entries: [{ plugin: "tagger" }] };

  const both = applyDocuments(store, operator, [chain, { kind: "Domain", name: "pay", description: "x" }], {
    dryRun: false,
  });
  await expect(both).rejects.toMatchObject({ code: "forbidden" });
  expect(await store.read(({ chains }) => chains.get("demo"))).toBeUndefined();
  const probed = applyDocuments(store, operator, [{ kind: "Webhook", ...DOCUMENTS[4] }], { dryRun: true });
  await expect(probed).rejects.toMatchObject({ code: "forbidden" });
  await expect(applyDocuments(store, operator, [chain], { dryRun: false })).resolves.toMatchObject({
    tick: 2,
  });
});

test("a cluster is not moved out of, or into, a domain where one has no right", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  await applyDocuments(store, root, [{ kind: "Domain", name: "shop" }], { dryRun: false });
  const moved = [{ kind: "Cluster", name: "demo", domain: "shop", environment: "test" }];

  for (const domain of ["pay", "shop"]) {
    const operator = holder({ role: "operator", scope: { kind: "domain", domain } });
    const applied = applyDocuments(store, operator, moved, { dryRun: false });
    await expect(applied).rejects.toMatchObject({ code: "forbidden" });
  }
});

test("what is left out of a document is not deleted, and a document with a revision must be the latest", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  await applyDocuments(store, root, DOCUMENTS, { dryRun: false });
  const shop = { kind: "Domain", name: "shop", description: "later" };

  await applyDocuments(store, root, [{ ...shop, revision: 2 }], { dryRun: false });

  expect(await store.read(({ webhooks }) => webhooks.get("ops"))).toBeDefined();
  const late = applyDocuments(store, root, [{ ...shop, description: "late", revision: 2 }], {
    dryRun: false,
  });
  await expect(late).rejects.toMatchObject({ code: "revision_mismatch" });
});

test("all that is wrong in documents is named, by document and key", async () => {
  await using catalogue = await openedCatalogue();
  const documents = [
    { kind: "Domian", name: "a" },
    { kind: "Cluster", name: "UPPER", domain: "pay", environment: "test", extra: 1 },
    { kind: "Chain", cluster: "demo", entries: [{ plugin: 7, moed: "off" }] },
    { kind: "Domain", name: "twice" },
    { kind: "Domain", name: "twice" },
    { kind: "Webhook", id: "ops", url: "alarms.example", secret: { fromEnv: "HOOK_SECRET" } },
  ];

  const applied = applyDocuments(catalogue.store, root, documents, { dryRun: false });

  await expect(applied).rejects.toMatchObject({
    code: "invalid_input",
    problems: [
      { where: "documents[0]", key: "kind", message: expect.stringContaining('did you mean "Domain"?') },
      { where: "documents[1]", key: "name" },
      { where: "documents[1]", key: "extra", message: "unknown key" },
      { where: "documents[2]", key: "entries[0].plugin" },
      { where: "documents[2]", key: "entries[0].moed", message: 'unknown key, did you mean "mode"?' },
      { where: "documents[5]", key: "url", message: "Invalid URL" },
      { where: "documents[4]", message: "Domain twice is there 2 times" },
    ],
  });
});

test.for([
  [{ kind: "Cluster", name: "c", domain: "pya", environment: "test" }, "domain", "not_found"],
  [{ kind: "Plugin", name: "p", domain: "pya" }, "domain", "not_found"],
  [{ kind: "Chain", cluster: "dmeo", entries: [] }, "cluster", "not_found"],
  [{ kind: "Chain", cluster: "demo", entries: [{ plugin: "taggre" }] }, "entries[0].plugin", "not_found"],
  [{ kind: "Domain", name: "pay", revision: 7 }, undefined, "revision_mismatch"],
] as const)(
  "what does not fit what is there is named by document and key: %j",
  async ([document, key, code]) => {
    await using catalogue = await openedCatalogue();
    const documents = [{ kind: "Domain", name: "other" }, document];

    const applied = applyDocuments(catalogue.store, root, documents, { dryRun: false });

    await expect(applied).rejects.toMatchObject({ code, problems: [{ where: "documents[1]" }] });
    await applied.catch(({ message, problems }: { message: string; problems: { key?: string }[] }) => {
      expect(problems[0]).toMatchObject({ message });
      expect(problems[0]?.key).toBe(key);
    });
  },
);

test("whatever documents hold, they are taken or refused as invalid", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  await assert(
    asyncProperty(anything(), anything(), async (document, member) => {
      for (const each of [document, { kind: "Chain", cluster: "demo", entries: member }, { kind: member }]) {
        const applied = applyDocuments(store, root, [each], { dryRun: true });
        const outcome = await applied.then(
          () => "taken",
          (thrown: { code?: string }) => thrown.code ?? "an error without a code",
        );
        expect(["taken", "invalid_input", "not_found"]).toContain(outcome);
      }
    }),
    { numRuns: 200 },
  );
});
