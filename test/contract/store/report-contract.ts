import { expect, test } from "vitest";

import type { WebhookDelivery } from "../../../control-plane/model/alarm.ts";
import type { NodeReport } from "../../../control-plane/model/node.ts";
import { clusterIn, domainNamed, nodeIn, person } from "../../support/catalogue-records.ts";
import type { OpenStore } from "./store-contract.ts";

const dana = person("dana");

function reportOf(node: string, lastSeen: number): NodeReport {
  const nothing = { wanted: undefined, refused: [], sent: undefined, acked: undefined, nacked: undefined };
  return {
    node,
    lastSeen,
    connected: true,
    incarnation: "1",
    resources: { stage: nothing, route: nothing, chain: nothing },
    packages: [],
    again: [],
    failures: [],
    plugins: [],
  };
}

function delivery(id: string, facts: Partial<WebhookDelivery>): WebhookDelivery {
  const alarm = {
    key: "k",
    kind: "nack" as const,
    cluster: undefined,
    node: undefined,
    plugin: undefined,
    release: undefined,
    message: "",
    since: 0,
  };
  const state = { event: "raised", state: "waiting", attempts: 0, lastError: "", createdAt: 0 } as const;
  return { id, webhook: "ops", alarms: [alarm], ...state, ...facts };
}

/** What is kept without ticks and audit: reports and deliveries. */
export function reportContract(open: OpenStore): void {
  test("the last report of each node is kept, and takes neither tick nor audit row", async () => {
    await using opened = await open();
    const { store } = opened;
    const ids = Array.from({ length: 1_200 }, (_, index) => `node-${String(index).padStart(4, "0")}`);
    await store.change(dana, "fill", async ({ domains, clusters, nodes }) => {
      await domains.insert(domainNamed("pay"));
      await clusters.insert(clusterIn("pay", "demo"));
      for (const id of ids) await nodes.insert(nodeIn("demo", id));
    });

    await store.saveReports(ids.map((id) => reportOf(id, 1)));
    await store.saveReports([reportOf("node-0007", 2), reportOf("node-0007", 3), reportOf("stranger", 1)]);
    await store.saveReports([]);

    const reports = await store.loadReports();
    expect(reports.map(({ node, lastSeen }) => [node, lastSeen])).toEqual(
      ids.map((id) => [id, id === "node-0007" ? 3 : 1]),
    );
    expect(await store.read(async ({ tick }) => tick)).toBe(1);
  });

  test("a node that is forgotten takes its report along", async () => {
    await using opened = await open();
    const { store } = opened;
    await store.change(dana, "fill", async ({ domains, clusters, nodes }) => {
      await domains.insert(domainNamed("pay"));
      await clusters.insert(clusterIn("pay", "demo"));
      await nodes.insert(nodeIn("demo", "node-1"));
    });
    await store.saveReports([reportOf("node-1", 1)]);
    await store.change(dana, "forget", ({ nodes }) => nodes.delete("node-1"));

    expect(await store.loadReports()).toEqual([]);
  });

  test("chains that reports name are kept once each in a cluster, until they are forgotten", async () => {
    await using opened = await open();
    const { store } = opened;
    const chains = Array.from({ length: 1_200 }, (_, index) => {
      return {
        cluster: "demo",
        hash: `hash-${String(index).padStart(4, "0")}`,
        content: { entries: [{ plugin: "Ünïcode" }] },
      };
    });
    await store.saveReports([], chains);
    await store.saveReports([], chains.slice(0, 2));
    expect(await store.loadChains()).toEqual(chains);

    const others = chains.slice(0, 2).map((chain) => ({ ...chain, cluster: "other" }));
    await store.saveReports([], others);

    await store.forgetChains([...chains.slice(1), ...others.slice(0, 1)]);
    await store.forgetChains([]);
    expect(await store.loadChains()).toEqual([...chains.slice(0, 1), ...others.slice(1)]);
  });

  test("deliveries are listed by state, the oldest first", async () => {
    await using opened = await open();
    const { store } = opened;
    await store.deliveries.save(delivery("b", { createdAt: 2 }));
    await store.deliveries.save(delivery("c", { createdAt: 1 }));
    await store.deliveries.save(delivery("a", { createdAt: 2 }));
    await store.deliveries.save(delivery("d", { createdAt: 3 }));
    await store.deliveries.save(delivery("d", { createdAt: 3, state: "dead", lastError: "410" }));

    const first = await store.deliveries.list("waiting", { limit: 2 });
    const rest = await store.deliveries.list("waiting", { limit: 2, cursor: first.next });
    expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(["c", "a", "b"]);
    expect(rest.next).toBeUndefined();
    expect((await store.deliveries.list("dead", { limit: 5 })).items).toMatchObject([{ lastError: "410" }]);
  });
}
