import { Migrator, type Migration } from "kysely/migration";

import type { Connection, Engine } from "./engine.ts";
import { createTables } from "./migrations/0001-initial.ts";
import { keepRequiredApprovals } from "./migrations/0002-required-approvals.ts";
import { createNodeChains } from "./migrations/0003-node-chains.ts";
import { StoreUnavailableError } from "./store-errors.ts";

type Step = (connection: Connection, engine: Engine) => Promise<void>;

/** In the order of their names; all that is missing happens in one transaction. */
const MIGRATIONS: Readonly<Record<string, Step>> = {
  "0001-initial": createTables,
  "0002-required-approvals": keepRequiredApprovals,
  "0003-node-chains": createNodeChains,
};

/** Brings the tables up to this release's level. A store of a newer release is refused as it is. */
export async function migrate(connection: Connection, engine: Engine): Promise<void> {
  await refuseUnknown(connection);
  const steps = Object.entries(MIGRATIONS).map(([name, step]): [string, Migration] => [
    name,
    { up: (db) => step(db, engine) },
  ]);
  const provider = { getMigrations: async () => Object.fromEntries(steps) };
  const { error } = await new Migrator({ db: connection, provider }).migrateToLatest();
  if (error === undefined) return;
  if (error instanceof StoreUnavailableError) throw error;
  throw new StoreUnavailableError("the store's tables cannot be brought up to date", error);
}

/** Throws where the store has seen a migration that this release does not know. */
export async function refuseUnknown(connection: Connection): Promise<void> {
  const unknown = (await appliedMigrations(connection)).filter((name) => !Object.hasOwn(MIGRATIONS, name));
  if (unknown.length === 0) return;
  throw new StoreUnavailableError(
    `the store was written by a newer release (migration ${unknown.join(", ")}): use that release, or restore a backup of this one`,
  );
}

/** Names of the migrations that a database has seen; empty for one that is no store. */
export async function appliedMigrations(connection: Connection): Promise<readonly string[]> {
  const tables = await connection.introspection.getTables({ withInternalKyselyTables: true });
  if (!tables.some(({ name }) => name === "kysely_migration")) return [];
  const rows = await connection.selectFrom("kysely_migration").select("name").orderBy("name").execute();
  return rows.map(({ name }) => String(name));
}
