import type { NodeChain, NodeChainKey } from "../model/node.ts";
import type { Connection } from "./engine.ts";

/** Rows of one statement. */
const BATCH = 500;

/** What is kept of a hash stays: another content would be another hash. */
export async function saveChains(connection: Connection, chains: readonly NodeChain[]): Promise<void> {
  for (let start = 0; start < chains.length; start += BATCH) {
    const batch = chains.slice(start, start + BATCH);
    await connection
      .insertInto("node_chains")
      .values(
        batch.map(({ cluster, hash, content }) => ({ cluster, hash, content: JSON.stringify(content) })),
      )
      .onConflict((conflict) => conflict.columns(["cluster", "hash"]).doNothing())
      .execute();
  }
}

export async function loadChains(connection: Connection): Promise<readonly NodeChain[]> {
  const rows = await connection
    .selectFrom("node_chains")
    .selectAll()
    .orderBy("cluster")
    .orderBy("hash")
    .execute();
  return rows.map(({ cluster, hash, content }) => ({
    cluster: String(cluster),
    hash: String(hash),
    content: JSON.parse(String(content)) as unknown,
  }));
}

export async function forgetChains(connection: Connection, keys: readonly NodeChainKey[]): Promise<void> {
  for (const [cluster, ofCluster] of Map.groupBy(keys, (key) => key.cluster)) {
    const hashes = ofCluster.map(({ hash }) => hash);
    for (let start = 0; start < hashes.length; start += BATCH)
      await connection
        .deleteFrom("node_chains")
        .where("cluster", "=", cluster)
        .where("hash", "in", hashes.slice(start, start + BATCH))
        .execute();
  }
}
