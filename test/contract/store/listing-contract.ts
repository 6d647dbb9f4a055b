import * as fc from "fast-check";
import { expect, test } from "vitest";

import type { PageRequest, Page, Store } from "../../../control-plane/store/store.ts";
import {
  clusterIn,
  domainNamed,
  person,
  pluginIn,
  releaseOf,
  versionOf,
} from "../../support/catalogue-records.ts";
import type { OpenStore } from "./store-contract.ts";

const dana = person("dana");

async function all<Item>(
  list: (page: PageRequest) => Promise<Page<Item>>,
  limit: number,
  descending?: boolean,
): Promise<Item[]> {
  const items: Item[] = [];
  let cursor: string | undefined;
  do {
    const page = await list({ limit, cursor, descending });
    expect(page.items.length).toBeLessThanOrEqual(limit);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor !== undefined);
  return items;
}

async function fill(store: Store): Promise<void> {
  await store.change(dana, "fill", async (change) => {
    for (const domain of ["pay", "shop"]) {
      await change.domains.insert(domainNamed(domain));
      for (const number of [1, 2, 3]) await change.clusters.insert(clusterIn(domain, `${domain}-${number}`));
      await change.plugins.insert(pluginIn(domain, `guard-${domain}`));
      for (const version of ["1.0.0", "1.0.1", "1.1.0"])
        await change.versions.insert(versionOf(`guard-${domain}`, version));
    }
  });
}

/** Pages, cursors and filters. */
export function listingContract(open: OpenStore): void {
  test.for([1, 2, 3, 6, 7, 1_000])("pages of %i make up the whole, in the order of keys", async (limit) => {
    await using opened = await open();
    const { store } = opened;
    await fill(store);

    const clusters = await all((page) => store.read((view) => view.clusters.list({}, page)), limit);
    expect(clusters.map(({ name }) => name)).toEqual(
      ["pay", "shop"].flatMap((domain) => [1, 2, 3].map((number) => `${domain}-${number}`)),
    );
    const versions = await all((page) => store.read((view) => view.versions.list({}, page)), limit);
    expect(versions.map(({ plugin, version }) => `${plugin} ${version}`)).toEqual(
      ["pay", "shop"].flatMap((domain) =>
        ["1.0.0", "1.0.1", "1.1.0"].map((version) => `guard-${domain} ${version}`),
      ),
    );
    const events = await all((page) => store.read((view) => view.audit.list({}, page)), limit);
    expect(events.map(({ id }) => id)).toEqual([1]);
  });

  test.for([1, 2, 1_000])(
    "pages of %i go from the last key to the first where that is asked",
    async (limit) => {
      await using opened = await open();
      const { store } = opened;
      await fill(store);

      const clusters = await all((page) => store.read((view) => view.clusters.list({}, page)), limit, true);
      const versions = await all((page) => store.read((view) => view.versions.list({}, page)), limit, true);

      expect(clusters.map(({ name }) => name)).toEqual(
        ["shop", "pay"].flatMap((domain) => [3, 2, 1].map((number) => `${domain}-${number}`)),
      );
      expect(versions.map(({ plugin, version }) => `${plugin} ${version}`)).toEqual(
        ["shop", "pay"].flatMap((domain) =>
          ["1.1.0", "1.0.1", "1.0.0"].map((version) => `guard-${domain} ${version}`),
        ),
      );
    },
  );

  test("filters narrow by what records have", async () => {
    await using opened = await open();
    const { store } = opened;
    await fill(store);
    await store.change(dana, "release", async ({ releases }) => {
      const facts = { cluster: "pay-1", plugin: "guard-pay", version: "1.0.0" };
      await releases.insert(releaseOf(1, { ...facts, state: "SUPERSEDED" }));
      await releases.insert(releaseOf(2, { ...facts, state: "DONE" }));
      await releases.insert(releaseOf(10, { ...facts, state: "GRAY", cluster: "pay-2" }));
    });
    const page = { limit: 10 };

    await store.read(async ({ clusters, versions, releases, plugins }) => {
      expect((await clusters.list({ domain: "shop" }, page)).items).toHaveLength(3);
      expect((await plugins.list({ domain: "none" }, page)).items).toEqual([]);
      expect((await versions.list({ plugin: "guard-pay" }, page)).items).toHaveLength(3);
      const ids = async (filter: Parameters<typeof releases.list>[0]) =>
        (await releases.list(filter, page)).items.map(({ id }) => id);
      expect(await ids({})).toEqual([1, 2, 10]);
      expect(await ids({ states: ["DONE", "GRAY"] })).toEqual([2, 10]);
      expect(await ids({ states: [] })).toEqual([]);
      expect(await ids({ cluster: "pay-1", plugin: undefined, states: ["SUPERSEDED"] })).toEqual([1]);
    });
  });

  test("audit is filtered by actor, action, record and tick", async () => {
    await using opened = await open();
    const { store } = opened;
    await fill(store);
    await store.change(person("ann"), "domain.write", ({ domains }) =>
      domains.update({ ...domainNamed("pay"), description: "ours" }),
    );
    const ticks = async (
      filter: Parameters<Parameters<Parameters<Store["read"]>[0]>[0]["audit"]["list"]>[0],
    ) => (await store.read(({ audit }) => audit.list(filter, { limit: 10 }))).items.map(({ tick }) => tick);

    expect(await ticks({ actor: "ann" })).toEqual([2]);
    expect(await ticks({ action: "fill" })).toEqual([1]);
    expect(await ticks({ kind: "domains", key: "pay" })).toEqual([1, 2]);
    expect(await ticks({ kind: "versions", key: "guard-pay@1.0.1" })).toEqual([1]);
    expect(await ticks({ kind: "domains", key: "guard-pay@1.0.1" })).toEqual([]);
    expect(await ticks({ afterTick: 1 })).toEqual([2]);
    expect(await ticks({ actor: "ann", kind: "clusters" })).toEqual([]);
  });

  test.for([0, -1, 1.5, 1_001, Number.NaN])("a page of %d is refused", async (limit) => {
    await using opened = await open();
    const { store } = opened;
    const listed = store.read(({ domains }) => domains.list({}, { limit }));
    await expect(listed).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("a cursor that no page gave is refused as such, whatever it is", async () => {
    await using opened = await open();
    const { store } = opened;
    await fill(store);
    const forged = fc.oneof(
      fc.string(),
      fc.base64String(),
      fc.json().map((text) => Buffer.from(text).toString("base64url")),
      fc.constant(Buffer.from('["pay-1","extra"]').toString("base64url")),
    );
    const keys = /^\["(?:[^"\\]|\\.)*"\]$/s;
    await fc.assert(
      fc.asyncProperty(forged, async (cursor) => {
        fc.pre(!keys.test(Buffer.from(cursor, "base64url").toString()));
        const listed = store.read(({ clusters }) => clusters.list({}, { limit: 2, cursor }));
        await expect(listed).rejects.toMatchObject({ code: "invalid_input" });
      }),
      { numRuns: 300 },
    );
  });
}
