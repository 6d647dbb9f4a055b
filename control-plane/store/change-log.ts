import type { RecordChange } from "../model/audit.ts";
import { keyText } from "./record-names.ts";
import type { RecordTable } from "./record-tables.ts";
import type { RecordKind } from "./store.ts";

/** A record that was written, with what audit says of it. */
interface Written extends RecordChange {
  readonly kind: RecordKind;
}

/** What one change has written so far, and whether a write failed: then none of it may be accepted. */
export class ChangeLog {
  readonly tick: number;
  /** Wall clock, ms. */
  readonly at: number;
  readonly #written = new Map<string, Written>();
  #refusal: { readonly thrown: unknown } | undefined;

  constructor(tick: number, at: number) {
    this.tick = tick;
    this.at = at;
  }

  /** One entry for each record: what was before the change, and what is after it. */
  get written(): readonly Written[] {
    return [...this.#written.values()].filter(({ before, after }) => (before ?? after) !== undefined);
  }

  /** Runs a write; what it throws is thrown again by `throwRefusal`. */
  async write<Result>(run: () => Promise<Result>): Promise<Result> {
    try {
      return await run();
    } catch (thrown) {
      this.#refusal ??= { thrown };
      throw thrown;
    }
  }

  throwRefusal(): void {
    if (this.#refusal !== undefined) throw this.#refusal.thrown;
  }

  add<Item, Key>(
    table: RecordTable<Item, Key>,
    key: Key,
    before: Item | undefined,
    after: Item | undefined,
  ): void {
    const text = keyText(table.keyColumns(key));
    const first = this.#written.get(`${table.kind} ${text}`);
    const shown = (item: Item | undefined): unknown =>
      item === undefined ? undefined : (table.audited?.(item) ?? item);
    this.#written.set(`${table.kind} ${text}`, {
      kind: table.kind,
      key: text,
      before: first === undefined ? shown(before) : first.before,
      after: shown(after),
    });
  }
}
