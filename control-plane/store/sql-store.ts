import type { ControlledTransaction } from "kysely";

import type { Clock } from "../../core/clock.ts";
import type { WebhookDelivery } from "../model/alarm.ts";
import type { RecordName } from "../model/audit.ts";
import { actorName, type Actor } from "../model/actor.ts";
import type { NodeChain, NodeChainKey, NodeReport } from "../model/node.ts";
import { addAuditEvent } from "./audit-log.ts";
import { ChangeLog } from "./change-log.ts";
import { listDeliveries, saveDelivery } from "./deliveries.ts";
import type { Connection, Database, Tables } from "./engine.ts";
import { Nesting } from "./nesting.ts";
import { forgetChains, loadChains, saveChains } from "./node-chains.ts";
import { loadReports, saveReports } from "./node-reports.ts";
import { changeOf, count, currentTick, viewOf } from "./sql-views.ts";
import { StoreUnavailableError } from "./store-errors.ts";
import type { Accepted, Change, Page, PageRequest, Store, View } from "./store.ts";
import { Turns } from "../../core/turns.ts";

type Transaction = ControlledTransaction<Tables>;
type Listener = (accepted: Accepted) => void;
interface Done<Result> {
  readonly tick: number;
  readonly result: Result;
}

/** The store on any database of kysely's; times in audit come from `clock`. */
export class SqlStore implements Store {
  readonly #database: Database;
  readonly #clock: Clock;
  readonly #listeners = new Set<Listener>();
  readonly #writes = new Turns();
  readonly #nesting = new Nesting();
  readonly #reads = new Set<Promise<unknown>>();
  #closed = false;

  readonly deliveries: Store["deliveries"] = {
    save: (delivery: WebhookDelivery) => this.#write((connection) => saveDelivery(connection, delivery)),
    list: (state: WebhookDelivery["state"], page: PageRequest): Promise<Page<WebhookDelivery>> =>
      this.#read((connection) => listDeliveries(connection, state, page)),
  };

  constructor(database: Database, clock: Clock) {
    this.#database = database;
    this.#clock = clock;
  }

  read<Result>(run: (view: View) => Promise<Result>): Promise<Result> {
    return this.#read(async (connection) => run(await viewOf(connection)));
  }

  change<Result>(by: Actor, action: string, run: (change: Change) => Promise<Result>): Promise<Done<Result>> {
    return this.#inTurn(async () => {
      const transaction = await this.#database.writer.startTransaction().execute();
      const { done, accepted } = await rolledBackOnError(transaction, () =>
        this.#runChange(transaction, by, action, run),
      );
      // Before the next change begins, so that listeners hear of changes in the order of ticks.
      if (accepted !== undefined) this.#tell(accepted);
      return done;
    });
  }

  refused(
    by: { readonly name: string; readonly tokenId: string | undefined },
    action: string,
    reason: string,
    record?: RecordName,
  ): Promise<void> {
    return this.#write(async (connection) =>
      addAuditEvent(connection, {
        tick: await currentTick(connection),
        at: this.#clock.wall(),
        actor: by.name,
        tokenId: by.tokenId,
        action,
        outcome: "refused",
        reason,
        changes: [],
        record,
      }),
    );
  }

  noted(by: Actor, action: string, reason: string): Promise<void> {
    return this.#write(async (connection) =>
      addAuditEvent(connection, {
        tick: await currentTick(connection),
        at: this.#clock.wall(),
        actor: actorName(by),
        tokenId: by.kind === "token" ? by.tokenId : undefined,
        action,
        outcome: "accepted",
        reason,
        changes: [],
        record: undefined,
      }),
    );
  }

  onAccepted(listener: Listener): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  saveReports(reports: readonly NodeReport[], chains: readonly NodeChain[] = []): Promise<void> {
    return this.#write(async (connection) => {
      await saveChains(connection, chains);
      await saveReports(connection, reports);
    });
  }

  loadReports(): Promise<readonly NodeReport[]> {
    return this.#read(loadReports);
  }

  loadChains(): Promise<readonly NodeChain[]> {
    return this.#read(loadChains);
  }

  forgetChains(keys: readonly NodeChainKey[]): Promise<void> {
    return this.#write((connection) => forgetChains(connection, keys));
  }

  async backup(path: string): Promise<void> {
    this.#refuseClosed();
    await this.#database.backup(path);
  }

  /** Waits for the changes and reads that were asked for. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#writes.run(async () => {
      await Promise.allSettled(this.#reads);
      await this.#database[Symbol.asyncDispose]();
    });
  }

  async #runChange<Result>(
    transaction: Transaction,
    by: Actor,
    action: string,
    run: (change: Change) => Promise<Result>,
  ): Promise<{ readonly done: Done<Result>; readonly accepted: Accepted | undefined }> {
    const changes = new ChangeLog(await count(transaction, "tick"), this.#clock.wall());
    const { tick, at } = changes;
    const result = await this.#nesting.run(() => run(changeOf(transaction, changes)));
    changes.throwRefusal();
    const { written } = changes;
    if (written.length === 0) {
      await transaction.rollback().execute();
      return { done: { tick: tick - 1, result }, accepted: undefined };
    }
    await addAuditEvent(transaction, {
      tick,
      at,
      actor: actorName(by),
      tokenId: by.kind === "token" ? by.tokenId : undefined,
      action,
      outcome: "accepted",
      reason: "",
      changes: written,
      record: undefined,
    });
    await transaction.commit().execute();
    const records = written.map(({ kind, key }) => ({ kind, key }));
    return { done: { tick, result }, accepted: { tick, action, records } };
  }

  #tell(accepted: Accepted): void {
    for (const listener of this.#listeners) {
      try {
        listener(accepted);
      } catch (thrown) {
        // The change is made, and the others must hear of it too: the error goes where uncaught ones go.
        queueMicrotask(() => {
          throw thrown;
        });
      }
    }
  }

  /** A transaction of rows that take neither tick nor audit row. */
  #write(run: (connection: Connection) => Promise<void>): Promise<void> {
    return this.#inTurn(async () => {
      const transaction = await this.#database.writer.startTransaction().execute();
      await rolledBackOnError(transaction, async () => {
        await run(transaction);
        await transaction.commit().execute();
      });
    });
  }

  async #read<Result>(run: (connection: Connection) => Promise<Result>): Promise<Result> {
    this.#nesting.refuse();
    this.#refuseClosed();
    const reading = this.#readTransaction(run);
    this.#reads.add(reading);
    try {
      return await reading;
    } finally {
      this.#reads.delete(reading);
    }
  }

  async #readTransaction<Result>(run: (connection: Connection) => Promise<Result>): Promise<Result> {
    const { reader } = this.#database;
    const transaction = await reader.startTransaction().setIsolationLevel("repeatable read").execute();
    return rolledBackOnError(transaction, async () => {
      const result = await this.#nesting.run(() => run(transaction));
      await transaction.commit().execute();
      return result;
    });
  }

  async #inTurn<Result>(task: () => Promise<Result>): Promise<Result> {
    this.#nesting.refuse();
    this.#refuseClosed();
    return this.#writes.run(task);
  }

  #refuseClosed(): void {
    if (this.#closed) throw new StoreUnavailableError("the store is closed");
  }
}

/** The database may have rolled back by itself; what was thrown first is what counts. */
async function rolledBackOnError<Result>(
  transaction: Transaction,
  run: () => Promise<Result>,
): Promise<Result> {
  try {
    return await run();
  } catch (thrown) {
    await transaction
      .rollback()
      .execute()
      .catch(() => undefined);
    throw thrown;
  }
}
