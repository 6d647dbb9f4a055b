import { expect, test } from "vitest";

import { person, pluginIn, releaseOf } from "../../test/support/catalogue-records.ts";
import { openedCatalogue } from "../../test/support/opened-catalogue.ts";
import { pluginZip } from "../../test/support/plugin-packages.ts";
import type { ReleaseState } from "../model/release.ts";
import type { Store } from "../store/store.ts";
import { putChain, putChainEntry, removePlugin } from "./chains.ts";

const ops = person("ops");
const dana = person("dana");

async function release(store: Store, version: string, state: ReleaseState, id = 1): Promise<void> {
  const facts = { cluster: "demo", plugin: "tagger", version, state };
  await store.change(dana, "release", ({ releases }) => releases.insert(releaseOf(id, facts)));
}

const schema = (properties: object): { name: string; content: string } => ({
  name: "tagger/config.schema.json",
  content: JSON.stringify({ type: "object", properties, additionalProperties: false }),
});

test("a chain is kept as it was written, with its defaults", async () => {
  await using catalogue = await openedCatalogue();
  const entry = {
    plugin: "tagger",
    match: { path: { prefix: "/private" } },
    timeout: "50ms",
    memory: "32MiB",
  };

  const chain = await putChain(catalogue.store, ops, { cluster: "demo", wish: { entries: [entry] } }, 0);

  expect(chain.entries).toEqual([
    { ...entry, mode: "enforce", tag: "", config: undefined, failurePolicy: undefined, cpu: undefined },
  ]);
  expect(chain.deadlines).toEqual({ request: 200, response: 200 });
});

test.for([
  [{ plugin: "taggre" }, "not_found", 'there is no plugin taggre, did you mean "tagger"?'],
  [{ plugin: "tagger", timeout: "soon" }, "invalid_input", "entries[0].timeout: expected a duration"],
  [{ plugin: "tagger", match: { paht: {} } }, "invalid_input", 'unknown key, did you mean "path"?'],
  [{ plugin: "tagger", version: "1.0.0" }, "invalid_input", "entries[0].version: unknown key"],
  [{ plugin: "../tagger" }, "invalid_input", "expected a DNS label"],
  [
    { plugin: "tagger", config: { apiToken: "hunter2" } },
    "invalid_input",
    "entries[0].config.apiToken: is a secret",
  ],
  [
    { plugin: "tagger", config: { a: [{ password: "x" }] } },
    "invalid_input",
    "entries[0].config.a[0].password",
  ],
] as const)("a wrong entry is refused: %j", async ([entry, code, message]) => {
  await using catalogue = await openedCatalogue();
  const put = putChain(catalogue.store, ops, { cluster: "demo", wish: { entries: [entry] } }, undefined);

  await expect(put).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
  expect(await catalogue.store.read(({ chains }) => chains.get("demo"))).toBeUndefined();
});

test("two entries of one plugin are refused", async () => {
  await using catalogue = await openedCatalogue();
  const entries = [{ plugin: "tagger" }, { plugin: "tagger" }];

  const put = putChain(catalogue.store, ops, { cluster: "demo", wish: { entries } }, undefined);

  await expect(put).rejects.toThrow("one entry per plugin");
});

test("a secret that is given as a reference is taken, one that the schema marks is refused as a text", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  await catalogue.upload(dana, pluginZip({}, [schema({ key: { type: "string", writeOnly: true } })]));
  await release(store, "1.0.0", "ACTIVE");
  const put = (config: unknown): Promise<unknown> =>
    putChain(store, ops, { cluster: "demo", wish: { entries: [{ plugin: "tagger", config }] } }, undefined);

  await expect(put({ key: "hunter2" })).rejects.toThrow("entries[0].config.key: is a secret");
  await expect(put({ key: { fromEnv: "KEY" } })).resolves.toBeDefined();
  expect(JSON.stringify(await store.read((view) => view.audit.list({}, { limit: 100 })))).not.toContain(
    "hunter2",
  );
});

test("a config must fit every version that is in force or in an open release, and no other", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  for (const [version, type] of [
    ["1.0.0", "integer"],
    ["1.1.0", "number"],
    ["2.0.0", "string"],
  ] as const)
    await catalogue.upload(dana, pluginZip({ version }, [schema({ limit: { type } })]));
  await release(store, "1.0.0", "DONE", 1);
  await release(store, "1.1.0", "DOWNLOADING", 2);
  await release(store, "2.0.0", "CANCELLED", 3);
  const put = (limit: unknown): Promise<unknown> =>
    putChainEntry(
      store,
      ops,
      { cluster: "demo", changes: { plugin: "tagger", config: { limit } } },
      undefined,
    );

  await expect(put(1.5)).rejects.toThrow("entries[0].config.limit: must be integer (tagger 1.0.0)");
  await expect(put("x")).rejects.toThrow("(tagger 1.1.0)");
  await expect(put(3)).resolves.toBeDefined();
});

test("others are served while a schema takes its time over a config, which is refused then", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  const slow = { type: "string", pattern: "^(a+)+$" };
  await catalogue.upload(dana, pluginZip({}, [schema({ word: slow })]));
  await release(store, "1.0.0", "ACTIVE");
  const changes = { plugin: "tagger", config: { word: `${"a".repeat(60)}!` } };
  const done: string[] = [];

  const put = putChainEntry(store, ops, { cluster: "demo", changes }, undefined).catch((error: Error) => {
    done.push(error.message);
  });
  // As much as others do in a second, of which a check within the change would leave nothing.
  for (let i = 0; i < 3; i++)
    await store.change(dana, "fill", ({ plugins }) => plugins.insert(pluginIn("pay", `other-${i}`)));
  done.push("others were served");
  await put;

  expect(done).toEqual(["others were served", expect.stringContaining("entries[0].config")]);
});

test("an entry is added at the end, and changed at its place with the rest of it kept", async () => {
  await using catalogue = await openedCatalogue();
  const { store } = catalogue;
  await store.change(dana, "fill", ({ plugins }) => plugins.insert(pluginIn("pay", "guard")));
  const change = (changes: Parameters<typeof putChainEntry>[2]["changes"]) =>
    putChainEntry(store, ops, { cluster: "demo", changes }, undefined);

  await change({ plugin: "tagger", mode: "degrade", config: { a: 1 } });
  await change({ plugin: "guard" });
  const chain = await change({ plugin: "tagger", tag: "blue" });

  expect(chain.entries).toMatchObject([
    { plugin: "tagger", mode: "degrade", tag: "blue", config: { a: 1 } },
    { plugin: "guard", mode: "enforce" },
  ]);
});

test("a plugin that is removed is out of the chain, and its releases there have ended", async () => {
  await using catalogue = await openedCatalogue();
  const { store, clock } = catalogue;
  await catalogue.upload(dana, pluginZip());
  await release(store, "1.0.0", "ACTIVE");
  const changes = { plugin: "tagger" };
  const { revision } = await putChainEntry(store, ops, { cluster: "demo", changes }, undefined);

  const late = removePlugin(store, ops, { cluster: "demo", plugin: "tagger", clock }, revision - 1);
  await expect(late).rejects.toMatchObject({ code: "revision_mismatch" });
  expect(await store.read(({ releases }) => releases.get(1))).toMatchObject({ state: "ACTIVE" });
  const chain = await removePlugin(store, ops, { cluster: "demo", plugin: "tagger", clock }, revision);

  expect(chain.entries).toEqual([]);
  expect(await store.read(({ releases }) => releases.get(1))).not.toMatchObject({ state: "ACTIVE" });
});
