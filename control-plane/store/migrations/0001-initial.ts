import type { CreateTableBuilder } from "kysely";

import type { Connection, Engine } from "../engine.ts";

type Definition = CreateTableBuilder<string, string>;

/** Every table as it was first; what has been released is never edited, later migrations change it. */
export async function createTables(connection: Connection, engine: Engine): Promise<void> {
  const tables = new TableMaker(connection, engine);
  await createClock(connection, tables);
  await createCatalogue(tables);
  await createChains(tables);
  await createReleases(tables);
  await createFleet(tables);
  await createAccess(tables);
  await createAlarms(tables);
  await createAudit(connection, engine, tables);
}

class TableMaker {
  readonly #connection: Connection;
  readonly #engine: Engine;

  constructor(connection: Connection, engine: Engine) {
    this.#connection = connection;
    this.#engine = engine;
  }

  /** `texts` and `integers` must have a value; a `?` at the end of a name: null is one. */
  async make(
    name: string,
    columns: { readonly texts?: readonly string[]; readonly integers?: readonly string[] },
    define: (table: Definition) => Definition,
  ): Promise<void> {
    let table: Definition = this.#connection.schema.createTable(name);
    const typed = [
      ...(columns.texts ?? []).map((column) => [column, this.#engine.text] as const),
      ...(columns.integers ?? []).map((column) => [column, this.#engine.integer] as const),
    ];
    for (const [column, type] of typed)
      table = column.endsWith("?")
        ? table.addColumn(column.slice(0, -1), type)
        : table.addColumn(column, type, (definition) => definition.notNull());
    await define(table).modifyEnd(this.#engine.tableEnd).execute();
  }

  /** A table of records: the columns by which they are found and refer to others, and the whole as JSON. */
  async records(
    name: string,
    columns: { readonly texts?: readonly string[]; readonly integers?: readonly string[] },
    define: (table: Definition) => Definition,
  ): Promise<void> {
    const { texts = [], integers = [] } = columns;
    await this.make(name, { texts: [...texts, "record"], integers: [...integers, "revision"] }, define);
  }

  async index(table: string, columns: readonly string[]): Promise<void> {
    const name = `${table}_by_${columns.join("_")}`;
    await this.#connection.schema
      .createIndex(name)
      .on(table)
      .columns([...columns])
      .execute();
  }
}

/** One row, locked by every change: so ticks have no gap and none is given twice. */
async function createClock(connection: Connection, tables: TableMaker): Promise<void> {
  await tables.make("clock", { integers: ["id", "tick", "audit_event", "release"] }, (table) =>
    table.addPrimaryKeyConstraint("clock_key", ["id"]),
  );
  await connection.insertInto("clock").values({ id: 1, tick: 0, audit_event: 0, release: 0 }).execute();
}

async function createCatalogue(tables: TableMaker): Promise<void> {
  await tables.records("domains", { texts: ["name"] }, (table) =>
    table.addPrimaryKeyConstraint("domains_key", ["name"]),
  );
  for (const name of ["clusters", "plugins"]) {
    await tables.records(name, { texts: ["name", "domain"] }, (table) =>
      table
        .addPrimaryKeyConstraint(`${name}_key`, ["name"])
        .addForeignKeyConstraint(`${name}_domain`, ["domain"], "domains", ["name"]),
    );
    await tables.index(name, ["domain"]);
  }
  await tables.records("versions", { texts: ["plugin", "version", "digest"] }, (table) =>
    table
      .addPrimaryKeyConstraint("versions_key", ["plugin", "version"])
      .addForeignKeyConstraint("versions_plugin", ["plugin"], "plugins", ["name"]),
  );
  await tables.index("versions", ["digest"]);
}

async function createChains(tables: TableMaker): Promise<void> {
  await tables.records("chains", { texts: ["cluster"] }, (table) =>
    table
      .addPrimaryKeyConstraint("chains_key", ["cluster"])
      .addForeignKeyConstraint("chains_cluster", ["cluster"], "clusters", ["name"]),
  );
  await tables.make("chain_entries", { texts: ["cluster", "plugin"] }, (table) =>
    table
      .addPrimaryKeyConstraint("chain_entries_key", ["cluster", "plugin"])
      .addForeignKeyConstraint("chain_entries_chain", ["cluster"], "chains", ["cluster"])
      .addForeignKeyConstraint("chain_entries_plugin", ["plugin"], "plugins", ["name"]),
  );
  await tables.index("chain_entries", ["plugin"]);
}

/** `held_…`: what a release needs to be there; null once it has ended. */
async function createReleases(tables: TableMaker): Promise<void> {
  const held = ["held_cluster?", "held_plugin?", "held_version?", "held_base?"];
  const columns = { texts: ["cluster", "plugin", "state", ...held], integers: ["id"] };
  await tables.records("releases", columns, (table) =>
    table
      .addPrimaryKeyConstraint("releases_key", ["id"])
      .addForeignKeyConstraint("releases_cluster", ["held_cluster"], "clusters", ["name"])
      .addForeignKeyConstraint("releases_version", ["held_plugin", "held_version"], "versions", [
        "plugin",
        "version",
      ])
      .addForeignKeyConstraint("releases_base", ["held_plugin", "held_base"], "versions", [
        "plugin",
        "version",
      ]),
  );
  await tables.index("releases", ["cluster", "plugin", "state"]);
  await tables.index("releases", ["plugin", "state"]);
  await tables.index("releases", ["state"]);
  await tables.index("releases", ["held_cluster"]);
  await tables.index("releases", ["held_plugin", "held_version"]);
  await tables.index("releases", ["held_plugin", "held_base"]);
}

async function createFleet(tables: TableMaker): Promise<void> {
  await tables.records("nodes", { texts: ["id", "cluster"] }, (table) =>
    table
      .addPrimaryKeyConstraint("nodes_key", ["id"])
      .addForeignKeyConstraint("nodes_cluster", ["cluster"], "clusters", ["name"]),
  );
  await tables.index("nodes", ["cluster"]);
  await tables.make("node_reports", { texts: ["node", "report"] }, (table) =>
    table
      .addPrimaryKeyConstraint("node_reports_key", ["node"])
      .addForeignKeyConstraint("node_reports_node", ["node"], "nodes", ["id"], (constraint) =>
        constraint.onDelete("cascade"),
      ),
  );
}

/** A grant on a domain or cluster keeps it, so that nobody inherits rights with a name that is used again. */
async function createAccess(tables: TableMaker): Promise<void> {
  await tables.records("tokens", { texts: ["id", "hash"] }, (table) =>
    table.addPrimaryKeyConstraint("tokens_key", ["id"]).addUniqueConstraint("tokens_hash", ["hash"]),
  );
  await tables.make("token_scopes", { texts: ["token", "domain?", "cluster?"] }, (table) =>
    table
      .addForeignKeyConstraint("token_scopes_token", ["token"], "tokens", ["id"])
      .addForeignKeyConstraint("token_scopes_domain", ["domain"], "domains", ["name"])
      .addForeignKeyConstraint("token_scopes_cluster", ["cluster"], "clusters", ["name"]),
  );
  for (const column of ["token", "domain", "cluster"]) await tables.index("token_scopes", [column]);
}

async function createAlarms(tables: TableMaker): Promise<void> {
  for (const name of ["webhooks", "silences"])
    await tables.records(name, { texts: ["id"] }, (table) =>
      table.addPrimaryKeyConstraint(`${name}_key`, ["id"]),
    );
  const columns = { texts: ["id", "state", "delivery"], integers: ["created_at"] };
  await tables.make("webhook_deliveries", columns, (table) =>
    table.addPrimaryKeyConstraint("webhook_deliveries_key", ["id"]),
  );
  await tables.index("webhook_deliveries", ["state", "created_at", "id"]);
}

async function createAudit(connection: Connection, engine: Engine, tables: TableMaker): Promise<void> {
  await tables.make(
    "audit_events",
    {
      texts: ["actor", "token_id?", "action", "outcome", "reason"],
      integers: ["id", "tick", "at"],
    },
    (table) => table.addPrimaryKeyConstraint("audit_events_key", ["id"]),
  );
  for (const column of ["tick", "actor", "action"]) await tables.index("audit_events", [column]);
  await tables.make(
    "audit_changes",
    { texts: ["kind", "key", "before?", "after?"], integers: ["event", "position"] },
    (table) =>
      table
        .addPrimaryKeyConstraint("audit_changes_key", ["event", "position"])
        .addForeignKeyConstraint("audit_changes_event", ["event"], "audit_events", ["id"]),
  );
  await tables.index("audit_changes", ["kind", "key", "event"]);
  for (const table of ["audit_events", "audit_changes"]) await engine.makeAppendOnly(connection, table);
}
