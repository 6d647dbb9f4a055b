import type { Connection, Engine } from "../engine.ts";

/** What nodes' chains are made of, each once in a cluster: reports name them by hash. */
export async function createNodeChains(connection: Connection, engine: Engine): Promise<void> {
  await connection.schema
    .createTable("node_chains")
    .addColumn("cluster", engine.text, (column) => column.notNull())
    .addColumn("hash", engine.text, (column) => column.notNull())
    .addColumn("content", engine.text, (column) => column.notNull())
    .addPrimaryKeyConstraint("node_chains_key", ["cluster", "hash"])
    .modifyEnd(engine.tableEnd)
    .execute();
}
