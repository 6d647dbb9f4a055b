import { expect, test } from "vitest";

import type { Change, Store } from "../../../control-plane/store/store.ts";
import {
  chainOf,
  clusterIn,
  domainNamed,
  nodeIn,
  person,
  pluginIn,
  releaseOf,
  tokenOf,
  versionOf,
} from "../../support/catalogue-records.ts";
import type { OpenStore } from "./store-contract.ts";

const dana = person("dana");

async function fill(store: Store): Promise<void> {
  await store.change(dana, "fill", async (change) => {
    await change.domains.insert(domainNamed("pay"));
    await change.clusters.insert(clusterIn("pay", "demo"));
    await change.plugins.insert(pluginIn("pay", "guard"));
    for (const version of ["1.0.0", "1.1.0"]) await change.versions.insert(versionOf("guard", version));
  });
}

/** What refers to what, and that nothing in use can be deleted. */
export function referenceContract(open: OpenStore): void {
  test.for([
    ["domain", "cluster demo", (change: Change) => change.domains.delete("pay")],
    ["domain", "plugin guard", (change: Change) => change.domains.delete("pay")],
    ["plugin", "version guard@1.0.0", (change: Change) => change.plugins.delete("guard")],
    ["plugin", "chain demo", (change: Change) => change.plugins.delete("guard")],
    ["cluster", "chain demo", (change: Change) => change.clusters.delete("demo")],
    ["cluster", "node node-1", (change: Change) => change.clusters.delete("demo")],
    ["cluster", "release 1", (change: Change) => change.clusters.delete("demo")],
    ["cluster", "token id-of-ann", (change: Change) => change.clusters.delete("demo")],
    [
      "version",
      "release 1",
      (change: Change) => change.versions.delete({ plugin: "guard", version: "1.1.0" }),
    ],
    [
      "base version",
      "release 1",
      (change: Change) => change.versions.delete({ plugin: "guard", version: "1.0.0" }),
    ],
  ] as const)("a %s that is in use by %s cannot be deleted", async ([, user, remove]) => {
    await using opened = await open();
    const { store } = opened;
    await fill(store);
    const scope = { kind: "cluster", cluster: "demo" } as const;
    await store.change(dana, "use", async (change) => {
      await change.chains.insert(chainOf("demo", ["guard"]));
      await change.nodes.insert(nodeIn("demo", "node-1"));
      await change.tokens.insert(tokenOf("ann", { grants: [{ role: "viewer", scope }] }));
      const facts = { cluster: "demo", plugin: "guard", version: "1.1.0", base: "1.0.0" };
      await change.releases.insert(releaseOf(1, { ...facts, state: "GRAY" }));
    });

    const removed = store.change(dana, "remove", (change) => remove(change));

    await expect(removed).rejects.toMatchObject({
      name: "StoreInUseError",
      code: "in_use",
      users: expect.arrayContaining([user]),
      message: expect.stringContaining(user),
    });
    expect(await store.read(async ({ tick }) => tick)).toBe(2);
  });

  test("many users are named in part", async () => {
    await using opened = await open();
    const { store } = opened;
    await fill(store);
    await store.change(dana, "fill", async ({ nodes }) => {
      for (let id = 10; id < 30; id++) await nodes.insert(nodeIn("demo", `node-${id}`));
    });

    const removed = store.change(dana, "remove", ({ clusters }) => clusters.delete("demo"));

    await expect(removed).rejects.toThrow(
      "cluster demo is in use by node node-10, node node-11, node node-12, node node-13, node node-14, more",
    );
  });

  test("a release that has ended keeps nothing, a finished one keeps its version but not its base", async () => {
    await using opened = await open();
    const { store } = opened;
    await fill(store);
    const facts = { cluster: "demo", plugin: "guard", version: "1.1.0", base: "1.0.0" };
    await store.change(dana, "release", ({ releases }) =>
      releases.insert(releaseOf(1, { ...facts, state: "GRAY" })),
    );
    await store.change(dana, "release", ({ releases }) =>
      releases.update(releaseOf(1, { ...facts, state: "DONE" })),
    );

    await store.change(dana, "remove", ({ versions }) =>
      versions.delete({ plugin: "guard", version: "1.0.0" }),
    );
    const used = store.change(dana, "remove", ({ versions }) =>
      versions.delete({ plugin: "guard", version: "1.1.0" }),
    );
    await expect(used).rejects.toMatchObject({ code: "in_use" });
    await store.change(dana, "release", ({ releases }) =>
      releases.update(releaseOf(1, { ...facts, state: "SUPERSEDED" })),
    );
    await store.change(dana, "remove", async ({ versions, clusters }) => {
      await versions.delete({ plugin: "guard", version: "1.1.0" });
      await clusters.delete("demo");
    });

    expect(await store.read(({ releases }) => releases.get(1))).toMatchObject({ cluster: "demo" });
  });

  test("an entry that left the chain and a token that was revoked keep nothing", async () => {
    await using opened = await open();
    const { store } = opened;
    await fill(store);
    const scope = { kind: "domain", domain: "pay" } as const;
    const token = tokenOf("ann", { grants: [{ role: "viewer", scope }] });
    await store.change(dana, "use", async ({ plugins, chains, tokens }) => {
      await plugins.insert(pluginIn("pay", "audit"));
      await chains.insert(chainOf("demo", ["guard", "audit"]));
      await chains.update(chainOf("demo", ["guard"]));
      await tokens.insert(token);
      await tokens.update({ ...token, revoked: true });
    });

    await store.change(dana, "remove", async ({ plugins, domains, chains, clusters, versions }) => {
      await plugins.delete("audit");
      await chains.delete("demo");
      await clusters.delete("demo");
      for (const version of ["1.0.0", "1.1.0"]) await versions.delete({ plugin: "guard", version });
      await plugins.delete("guard");
      await domains.delete("pay");
    });

    expect((await store.read(({ domains }) => domains.list({}, { limit: 1 }))).items).toEqual([]);
  });

  test.for([
    [
      "cluster other refers to domain none",
      (change: Change) => change.clusters.insert(clusterIn("none", "other")),
    ],
    ["chain pay refers to cluster pay", (change: Change) => change.chains.insert(chainOf("pay", []))],
    ["chain demo refers to plugin none", (change: Change) => change.chains.insert(chainOf("demo", ["none"]))],
    [
      "release 1 refers to version guard@9.9.9",
      (change: Change) =>
        change.releases.insert(releaseOf(1, { cluster: "demo", plugin: "guard", version: "9.9.9" })),
    ],
  ] as const)("%s: not written", async ([message, write]) => {
    await using opened = await open();
    const { store } = opened;
    await fill(store);

    const written = store.change(dana, "write", async (change) => {
      await write(change);
    });

    await expect(written).rejects.toMatchObject({ name: "StoreReferenceError", code: "not_found" });
    await expect(written).rejects.toThrow(message);
  });
}
