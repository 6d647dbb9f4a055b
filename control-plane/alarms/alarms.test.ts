import { setImmediate } from "node:timers/promises";

import { expect, test } from "vitest";

import {
  clusterIn,
  domainNamed,
  pluginIn,
  releaseOf,
  versionOf,
} from "../../test/support/catalogue-records.ts";
import { bodyOf, PATIENCE, PERSON, SILENCE, startWatch } from "../../test/support/alarm-watch.ts";
import { TemporaryFolder } from "../../test/support/temporary-folder.ts";
import { startWebhookReceiver } from "../../test/support/webhook-receiver.ts";
import { ALARM_KINDS } from "../model/alarm.ts";
import { createSilence, deleteWebhook } from "./webhook-operations.ts";

/** Trouble that did not happen again for so long is over. */
const INCIDENT = 600_000;

test("an alarm calls the webhook once, and once more when it is over", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  await using watch = await startWatch(folder, receiver.url);

  watch.refuses("a", "config: key missing");
  await watch.look();
  await watch.look();
  const raised = bodyOf((await receiver.call(1)).body);
  watch.reports.acked("a", "chain");
  await watch.look();
  const resolved = bodyOf((await receiver.call(2)).body);

  expect(raised).toMatchObject({ type: "alarm.raised", data: { alarms: [{ kind: "nack", node: "a" }] } });
  expect(raised.data.text).toBe("node a refuses its chain: config: key missing");
  expect(resolved).toMatchObject({ type: "alarm.resolved", data: { alarms: [{ key: "nack/a/chain" }] } });
  expect(receiver.calls).toHaveLength(2);
});

test("a config that a node refuses while what runs there goes on is one alarm, until there is one that it takes", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  await using watch = await startWatch(folder, receiver.url);
  const guard = { plugin: "guard", version: "1.0.0", digest: "d" };
  const detail = "secret file digest.key: no such file";
  watch.reports.runs("a", [{ ...guard, status: "RUNNING", error: "", generation: 1 }], true);

  watch.reports.holds("a", { ...guard, state: "INVALID", detail });
  await watch.look();
  await watch.look();
  const raised = bodyOf((await receiver.call(1)).body);
  watch.reports.holds("a", { ...guard, state: "LOADABLE", detail: "" });
  await watch.look();
  const resolved = bodyOf((await receiver.call(2)).body);

  expect(raised).toMatchObject({
    type: "alarm.raised",
    data: { alarms: [{ kind: "nack", node: "a", plugin: "guard", key: "nack/a/stage/guard/1.0.0" }] },
  });
  expect(raised.data.text).toBe(`node a refuses guard 1.0.0 as it should run now: ${detail}`);
  expect(resolved).toMatchObject({ type: "alarm.resolved" });
  expect(receiver.calls).toHaveLength(2);
});

test("an entry that a node refuses is one alarm about its plugin, however the rest of the chain changes", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  await using watch = await startWatch(folder, receiver.url);
  const entries = [{ plugin: "guard", version: "2.0.0", hash: "e", problem: "guard: init failed" }];
  const refusal = { problems: ["guard: init failed"], entries };

  watch.reports.want("a", "chain", { hash: "h", tick: 1 });
  watch.reports.nacked("a", "chain", { hash: "h", ...refusal });
  await watch.look();
  watch.reports.withheld("a", { hash: "next", at: 0, ...refusal });
  watch.reports.want("a", "chain", { hash: "next", tick: 2 });
  await watch.look();
  const raised = bodyOf((await receiver.call(1)).body);

  const alarm = { kind: "nack", node: "a", plugin: "guard", key: "nack/a/chain/guard/2.0.0" };
  expect(raised).toMatchObject({ type: "alarm.raised", data: { alarms: [alarm] } });
  expect(raised.data.text).toBe("node a refuses guard 2.0.0 in its chain: guard: init failed");
  expect(receiver.calls).toHaveLength(1);
});

test("a node that got other bytes than were uploaded is told of while it fetches them again", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  await using watch = await startWatch(folder, receiver.url);
  const detail = "artifact mismatch: what came has digest e, not d";

  watch.reports.holds("a", { plugin: "guard", version: "1.0.0", digest: "d", state: "WAITING", detail });
  await watch.look();

  const { alarms } = bodyOf((await receiver.call(1)).body).data;
  expect(alarms).toMatchObject([{ kind: "artifact-mismatch", key: "artifact-mismatch/a/guard/1.0.0" }]);
});

test("a package that cannot be loaded is one alarm too, that its plugin fails", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  await using watch = await startWatch(folder, receiver.url);
  const guard = { plugin: "guard", version: "1.0.0", digest: "d" };

  watch.reports.holds("a", { ...guard, state: "INVALID", detail: "boom at load" });
  await watch.look();
  watch.reports.runs("a", [{ ...guard, status: "FAILED", error: "boom at load", generation: 0 }], true);
  await watch.look();

  const { alarms } = bodyOf((await receiver.call(1)).body).data;
  expect(alarms).toMatchObject([{ kind: "plugin-failing", key: "plugin-failing/a/guard/1.0.0" }]);
  expect(receiver.calls).toHaveLength(1);
});

test("nodes that fall silent together are one call", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  await using watch = await startWatch(folder, receiver.url);

  await watch.pass(SILENCE);

  const { data } = bodyOf((await receiver.call(1)).body);
  expect(data.alarms.map(({ key }) => key)).toEqual(["node-offline/a", "node-offline/b"]);
});

test("a call that fails is made again under the same id, and given up as a dead letter", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  receiver.status = 500;
  await using watch = await startWatch(folder, receiver.url);
  watch.refuses("a", "no");
  await watch.look();

  for (let call = 1; call <= 15; call++) {
    await receiver.call(call);
    await watch.settle();
    watch.clock.advance(1_200_000);
  }

  const dead = await watch.store.deliveries.list("dead", { limit: 10 });
  const forNack = dead.items.filter(({ alarms }) => alarms[0]?.kind === "nack");
  expect(forNack).toMatchObject([{ state: "dead", attempts: 15, lastError: "status 500" }]);
  const ids = receiver.calls.slice(0, 15).map(({ headers }) => headers["webhook-id"]);
  expect(new Set(ids).size).toBe(1);
});

test("a restart tells nothing again, goes on with what was not delivered, and tells what ended meanwhile", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  {
    await using before = await startWatch(folder, receiver.url);
    before.refuses("a", "no");
    await before.look();
    await receiver.call(1);
    receiver.status = 503;
    before.refuses("b", "no");
    await before.look();
    await receiver.call(2);
  }
  receiver.status = 204;
  await using after = await startWatch(folder, receiver.url);
  const again = await receiver.call(3);
  after.refuses("b", "no");
  await after.look();

  expect(again.headers["webhook-id"]).toBe(receiver.calls[1]?.headers["webhook-id"]);
  const resolved = bodyOf((await receiver.call(4)).body);
  expect(resolved).toMatchObject({ type: "alarm.resolved", data: { alarms: [{ key: "nack/a/chain" }] } });
  expect(receiver.calls).toHaveLength(4);
});

test("a silence holds a call back until it ends", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  await using watch = await startWatch(folder, receiver.url);
  const nothing = { cluster: undefined, node: undefined, plugin: undefined, reason: "known" };
  const until = watch.clock.wall() + 8_000;
  await createSilence(watch.store, PERSON, { ...nothing, kind: "nack", until }, watch.clock.wall());

  watch.refuses("a", "no");
  await watch.look();
  const during = receiver.calls.length;
  await watch.look();
  await receiver.call(1);

  expect(during).toBe(0);
});

test("what waits for a webhook that is deleted is a dead letter", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  receiver.status = 500;
  await using watch = await startWatch(folder, receiver.url);
  watch.refuses("a", "no");
  await watch.look();
  await receiver.call(1);
  await watch.settle();

  await deleteWebhook(watch.store, PERSON, "ops", undefined);
  await watch.look();
  while ((await watch.store.deliveries.list("dead", { limit: 10 })).items.length === 0) await setImmediate();

  const { items } = await watch.store.deliveries.list("dead", { limit: 10 });
  expect(items).toMatchObject([{ lastError: "the webhook was deleted" }]);
});

test("Pallas: alarms are declared and nothing raises them", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  await using watch = await startWatch(folder, receiver.url);
  const release = releaseOf(1, {
    cluster: "demo",
    plugin: "guard",
    version: "1.0.0",
    updatedAt: watch.clock.wall(),
  });
  await watch.store.change(PERSON, "fill", async ({ domains, clusters, plugins, versions, releases }) => {
    await domains.insert(domainNamed("shop"));
    await clusters.insert(clusterIn("shop", "demo"));
    await plugins.insert(pluginIn("shop", release.plugin));
    await versions.insert(versionOf(release.plugin, release.version));
    await releases.insert(release);
  });
  watch.refuses("a", "no");
  const plugin = { plugin: "guard", version: "1.0.0", digest: "", error: "", generation: 1 };
  const tag = { ...plugin, plugin: "tag" };
  watch.reports.runs(
    "a",
    [
      { ...plugin, status: "FAILED" },
      { ...tag, status: "QUARANTINED" },
    ],
    true,
  );
  const other = { plugin: "geo", version: "1.0.0", digest: "d", detail: "its sha256 is another" } as const;
  watch.reports.holds("a", { ...other, state: "INVALID" });
  await watch.look();
  for (let passed = 0; passed < PATIENCE.releaseWaiting; passed += 20_000) {
    for (const id of ["a", "b"]) watch.reports.heard(id);
    await watch.pass(20_000);
  }
  await watch.pass(SILENCE);

  const raised = receiver.calls.flatMap(({ body }) => bodyOf(body).data.alarms.map(({ kind }) => kind));
  const declared = ALARM_KINDS.filter((kind) => kind !== "store-error");
  expect(declared.filter((kind) => !raised.includes(kind))).toEqual([]);
});

test("a node that invents failing plugins raises few alarms, in one call", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  await using watch = await startWatch(folder, receiver.url);
  const invented = Array.from({ length: 500 }, (_, index) => {
    const plugin = `invented-${String(index).padStart(3, "0")}`;
    return { plugin, version: "1.0.0", digest: "", status: "FAILED", error: "no", generation: 1 } as const;
  });

  watch.reports.runs("a", invented, true);
  await watch.look();
  watch.reports.runs("a", invented.toReversed(), true);
  await watch.look();

  const { alarms } = bodyOf((await receiver.call(1)).body).data;
  expect(alarms).toHaveLength(11);
  expect(alarms.map(({ key }) => key)).toContain("plugin-failing/a/invented-009/1.0.0");
  expect(alarms.map(({ key }) => key)).toContain("plugin-failing/a/more");
  expect(receiver.calls).toHaveLength(1);
});

test("a store that cannot be read is an alarm at once, and its webhook is called when it can", async () => {
  await using folder = await TemporaryFolder.create();
  await using receiver = await startWebhookReceiver();
  await using watch = await startWatch(folder, receiver.url);
  const read = watch.store.read.bind(watch.store);

  watch.store.read = async () => Promise.reject(new Error("disk I/O error"));
  await watch.look();
  expect(watch.alarms.list()).toMatchObject([
    { kind: "store-error", key: "store-error/read", message: "the store cannot be read: disk I/O error" },
  ]);
  expect(receiver.calls).toHaveLength(0);

  watch.store.read = read;
  await watch.look();
  const raised = bodyOf((await receiver.call(1)).body);
  expect(raised).toMatchObject({ type: "alarm.raised", data: { alarms: [{ kind: "store-error" }] } });
  for (let passed = 0; passed < INCIDENT; passed += 20_000) {
    for (const id of ["a", "b"]) watch.reports.heard(id);
    await watch.pass(20_000);
  }
  const told = receiver.calls.map(({ body }) => bodyOf(body));
  const ofStore = told.filter(({ data }) => data.alarms.some(({ kind }) => kind === "store-error"));
  expect(ofStore.map(({ type }) => type)).toEqual(["alarm.raised", "alarm.resolved"]);
});
