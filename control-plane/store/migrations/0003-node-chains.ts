import type { Connection, Engine } from "../engine.ts";

/** What nodes' chains are made of, each once: reports name them by hash. */
export async function createNodeChains(connection: Connection, engine: Engine): Promise<void> {
  await connection.schema
    .createTable("node_chains")
    .addColumn("hash", engine.text, (column) => column.notNull())
    .addColumn("content", engine.text, (column) => column.notNull())
    .addPrimaryKeyConstraint("node_chains_key", ["hash"])
    .modifyEnd(engine.tableEnd)
    .execute();
}
