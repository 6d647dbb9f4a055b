import type { Change, Store } from "../../control-plane/store/store.ts";
import { clusterIn, domainNamed, person } from "./catalogue-records.ts";

const writer = person("writer");

/**
 * The change that takes tick `tick` of a scripted history: it makes two records, changes one, and every third time
 * deletes one, so that a part of it would show. `padding` makes it as large as a test needs.
 */
export async function makeHistory(store: Store, padding = ""): Promise<number> {
  const { tick } = await store.change(writer, "history", (change) => step(change, padding));
  return tick;
}

async function step(change: Change, padding: string): Promise<void> {
  const { tick, domains, clusters } = change;
  await domains.insert({ ...domainNamed(`domain-${tick}`), description: padding });
  await clusters.insert(clusterIn(`domain-${tick}`, `cluster-${tick}`));
  const counter = { ...domainNamed("counter"), description: String(tick) };
  await (tick === 1 ? domains.insert(counter) : domains.update(counter));
  if (tick % 3 === 0) await clusters.delete(`cluster-${tick - 1}`);
}
