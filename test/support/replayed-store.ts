import type { AuditEvent } from "../../control-plane/model/audit.ts";
import type { PluginVersion } from "../../control-plane/model/catalogue.ts";
import type { Release } from "../../control-plane/model/release.ts";
import type { Token } from "../../control-plane/model/token.ts";
import { allItems } from "../../control-plane/store/all-items.ts";
import { keyText } from "../../control-plane/store/record-names.ts";
import { RECORD_TABLES, type RecordTable } from "../../control-plane/store/record-tables.ts";
import type { Page, PageRequest, RecordKind, Store, View } from "../../control-plane/store/store.ts";
import { disorder, forbiddenStep } from "./release-order.ts";

/**
 * A store as its own audit tells it. Whatever it is given to read must be what was read before with more changes behind
 * it: each tick once and with one event, each record as the events leave it.
 */
export class ReplayedStore {
  readonly events: AuditEvent[] = [];
  readonly #records = new Map<string, unknown>();

  get tick(): number {
    return this.events.at(-1)?.tick ?? 0;
  }

  /** A record as `kind key`, e.g. `releases 7`; undefined: there is none. */
  record(name: string): unknown {
    return this.#records.get(name);
  }

  get versions(): readonly PluginVersion[] {
    return this.#all("versions") as readonly PluginVersion[];
  }

  get releases(): readonly Release[] {
    return this.#all("releases") as readonly Release[];
  }

  /** Everything that is wrong; empty: the store is in order. */
  async read(store: Store): Promise<readonly string[]> {
    return store.read(async (view) => {
      const events = await allItems((page) => view.audit.list({ afterTick: this.tick }, page));
      const replayed = events.flatMap((event) => this.#replay(event));
      const tick = view.tick === this.tick ? [] : [`the tick is ${view.tick}, audit ends at ${this.tick}`];
      return [...replayed, ...tick, ...(await this.#differences(view)), ...this.#disorder()];
    });
  }

  #replay(event: AuditEvent): readonly string[] {
    if (event.changes.length === 0) return [];
    const problems: string[] = [];
    if (event.tick !== this.tick + 1) problems.push(`tick ${event.tick} follows ${this.tick}`);
    this.events.push(event);
    for (const change of event.changes) {
      const name = `${change.kind} ${change.key}`;
      if (!same(this.#records.get(name), change.before))
        problems.push(`tick ${event.tick} changes ${name} from what it was not`);
      if (change.after === undefined) this.#records.delete(name);
      else this.#records.set(name, change.after);
      const step = forbiddenStep(change);
      if (step !== undefined) problems.push(`tick ${event.tick}: ${step}`);
    }
    return problems;
  }

  async #differences(view: View): Promise<readonly string[]> {
    const stored = new Map<string, unknown>();
    for (const table of Object.values(RECORD_TABLES) as readonly RecordTable<unknown, unknown>[])
      for (const item of await allItems((page) => listOf(view, table.kind)({}, page)))
        stored.set(nameOf(table, item), shown(table.kind, item));
    const names = new Set([...stored.keys(), ...this.#records.keys()]);
    return [...names]
      .filter((name) => !same(stored.get(name), this.#records.get(name)))
      .map((name) => `${name} is not as audit leaves it`);
  }

  #disorder(): readonly string[] {
    const { releases } = this;
    const grouped = Object.groupBy(releases, ({ cluster, plugin }) => `${plugin} in ${cluster}`);
    const digests = new Map(this.versions.map((each) => [`${each.plugin}@${each.version}`, each.digest]));
    return [
      ...Object.entries(grouped).flatMap(([where, group = []]) =>
        disorder(group).map((problem) => `${where}: ${problem}`),
      ),
      ...releases
        .filter(
          ({ supersededBy }) => supersededBy !== undefined && !this.#records.has(`releases ${supersededBy}`),
        )
        .map(({ id }) => `release ${id} was ended by one that is not there`),
      ...releases
        .filter(({ plugin, version, digest }) => (digests.get(`${plugin}@${version}`) ?? digest) !== digest)
        .map(({ id }) => `release ${id} is of other bytes than its version`),
    ];
  }

  #all(kind: RecordKind): readonly unknown[] {
    return [...this.#records].filter(([name]) => name.startsWith(`${kind} `)).map(([, record]) => record);
  }
}

function listOf(view: View, kind: RecordKind): (filter: object, page: PageRequest) => Promise<Page<unknown>> {
  return (filter, page) => view[kind].list(filter, page);
}

function nameOf(table: RecordTable<unknown, unknown>, item: unknown): string {
  return `${table.kind} ${keyText(table.keyColumns(table.keyOf(item as object)))}`;
}

/** As audit shows it. */
function shown(kind: RecordKind, item: unknown): unknown {
  return kind === "tokens" ? RECORD_TABLES.tokens.audited?.(item as Token) : item;
}

/** Equal as JSON, whatever the order of keys. */
function same(left: unknown, right: unknown): boolean {
  return text(left) === text(right);
}

function text(value: unknown): string | undefined {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === "object" && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([left], [right]) => (left < right ? -1 : 1)))
      : inner,
  );
}
