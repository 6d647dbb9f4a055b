import type { Clock, Timer } from "../../../core/clock.ts";
import type { KeyValueChanges, KeyValueEntry } from "../../plugin-host/protocol/messages.ts";
import type { IsolateInstance } from "./isolate-instance.ts";
import { KeyValueStore } from "./key-value-store.ts";
import type { PluginHost } from "./plugin-host.ts";

/** Milliseconds after which a write is known to the other hosts and generations. */
const SPREAD_AFTER = 50;

/** Where copies of a plugin's store are. */
export interface Replicas {
  readonly hosts: readonly PluginHost[];
  readonly instances: Iterable<IsolateInstance>;
}

/**
 * One store for each plugin, whatever its generations and hosts. What one copy writes is spread to the others in
 * batches: a key that is written a thousand times in between crosses once.
 */
export class KeyValueReplication implements Disposable {
  readonly #replicas: () => Replicas;
  readonly #clock: Clock;
  readonly #stores = new Map<string, KeyValueStore>();
  readonly #dirty = new Map<PluginHost, Map<IsolateInstance, Set<string>>>();
  #timer: Timer | undefined;

  constructor(replicas: () => Replicas, clock: Clock) {
    this.#replicas = replicas;
    this.#clock = clock;
  }

  /** What seeds a copy that is about to be made. */
  entries(plugin: string): readonly KeyValueEntry[] {
    return this.#stores.get(plugin)?.entries() ?? [];
  }

  store(plugin: string): KeyValueStore | undefined {
    return this.#stores.get(plugin);
  }

  /** No generation of the plugin is left. */
  forget(plugin: string): void {
    this.#stores.delete(plugin);
  }

  /** `writer` wrote in `host`. */
  apply(host: PluginHost, writer: IsolateInstance, changes: KeyValueChanges): void {
    let store = this.#stores.get(writer.plugin);
    if (store === undefined) {
      store = new KeyValueStore(() => this.#clock.wall());
      this.#stores.set(writer.plugin, store);
    }
    store.apply(changes);
    const keys = [...changes.deleted, ...changes.set.map(({ key }) => key)];
    const { hosts, instances } = this.#replicas();
    for (const instance of instances) {
      if (instance.plugin !== writer.plugin) continue;
      for (const other of hosts)
        if ((other !== host || instance !== writer) && other.holds(instance.load))
          this.#mark(other, instance, keys);
    }
  }

  /** Sends at once what waits; before a host takes over. */
  spread(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    for (const [host, instances] of this.#dirty)
      for (const [instance, keys] of instances) this.#send(host, instance, keys);
    this.#dirty.clear();
  }

  /** A host is gone, and with it its copies. */
  drop(host: PluginHost): void {
    this.#dirty.delete(host);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#dirty.clear();
  }

  #mark(host: PluginHost, instance: IsolateInstance, keys: readonly string[]): void {
    const instances = this.#dirty.get(host) ?? new Map<IsolateInstance, Set<string>>();
    this.#dirty.set(host, instances);
    const dirty = instances.get(instance) ?? new Set<string>();
    instances.set(instance, dirty);
    for (const key of keys) dirty.add(key);
    this.#timer ??= this.#clock.after(SPREAD_AFTER, () => this.spread()).unref();
  }

  #send(host: PluginHost, instance: IsolateInstance, keys: ReadonlySet<string>): void {
    if (!host.holds(instance.load)) return;
    const set: KeyValueEntry[] = [];
    const deleted: string[] = [];
    for (const key of keys) {
      const entry = this.#stores.get(instance.plugin)?.get(key);
      if (entry === undefined) deleted.push(key);
      else set.push(entry);
    }
    host.tell({ kind: "keyValue", generation: instance.load, set, deleted });
  }
}
