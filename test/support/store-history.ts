import { expect } from "vitest";

import type { Store } from "../../control-plane/store/store.ts";

/** That the store holds the history up to its tick, whole, and one audit row for each tick. */
export async function expectHistory(store: Store): Promise<number> {
  return store.read(async ({ tick, domains, clusters, audit }) => {
    const ticks = Array.from({ length: tick }, (_, index) => index + 1);
    const deleted = ticks.filter((each) => each % 3 === 0).map((each) => each - 1);
    const page = { limit: 1_000 };
    const named = (names: readonly string[]): readonly string[] => names.toSorted();
    const domainNames = (await domains.list({}, page)).items.map(({ name }) => name);
    expect(named(domainNames)).toEqual(
      named([...ticks.map((each) => `domain-${each}`), ...(tick === 0 ? [] : ["counter"])]),
    );
    const clusterNames = (await clusters.list({}, page)).items.map(({ name }) => name);
    expect(named(clusterNames)).toEqual(
      named(ticks.filter((each) => !deleted.includes(each)).map((each) => `cluster-${each}`)),
    );
    if (tick > 0)
      expect(await domains.get("counter")).toMatchObject({ description: String(tick), revision: tick });
    const events = (await audit.list({}, page)).items;
    expect(events.map((event) => [event.id, event.tick])).toEqual(ticks.map((each) => [each, each]));
    for (const { tick, changes } of events) expect(changes).toHaveLength(tick % 3 === 0 ? 4 : 3);
    return tick;
  });
}
