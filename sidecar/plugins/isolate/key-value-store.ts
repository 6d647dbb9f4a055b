import type { KeyValueChanges, KeyValueEntry } from "../../plugin-host/protocol/messages.ts";

export interface KeyValueLimits {
  /** Bytes of keys and values (UTF-8) together, for each plugin. */
  readonly bytes: number;
  readonly keys: number;
}

export const KEY_VALUE_LIMITS: KeyValueLimits = { bytes: 4 * 1024 * 1024, keys: 10_000 };

interface Stored {
  readonly entry: KeyValueEntry;
  readonly bytes: number;
}

/**
 * What one plugin keeps, as the sidecar knows it: hosts come and go, this stays. The host applies the same bounds
 * before it reports a change; here they are applied again, since a host may be in the hands of a plugin.
 */
export class KeyValueStore {
  readonly #limits: KeyValueLimits;
  readonly #wall: () => number;
  readonly #stored = new Map<string, Stored>();
  #bytes = 0;
  #refused = 0;
  /** Nothing that is here expires before, ms since 1970. */
  #firstExpiry = Infinity;

  /** `wall`: ms since 1970, by which entries expire. */
  constructor(wall: () => number, limits: KeyValueLimits = KEY_VALUE_LIMITS) {
    this.#wall = wall;
    this.#limits = limits;
  }

  get bytes(): number {
    return this.#bytes;
  }

  get keys(): number {
    return this.#stored.size;
  }

  /** Entries that did not fit, since the beginning. */
  get refused(): number {
    return this.#refused;
  }

  /** The last write wins, whichever host it comes from. */
  apply(changes: Pick<KeyValueChanges, "set" | "deleted">): void {
    for (const key of changes.deleted) this.#remove(key);
    for (const entry of changes.set) this.#put(entry);
  }

  get(key: string): KeyValueEntry | undefined {
    const stored = this.#stored.get(key);
    if (stored === undefined || !this.#expired(stored.entry)) return stored?.entry;
    this.#remove(key);
    return undefined;
  }

  /** What a host is seeded with: everything that has not expired. */
  entries(): readonly KeyValueEntry[] {
    this.#sweep();
    return Array.from(this.#stored.values(), ({ entry }) => entry);
  }

  #put(entry: KeyValueEntry): void {
    this.#remove(entry.key);
    if (this.#expired(entry)) return;
    const bytes = Buffer.byteLength(entry.key) + Buffer.byteLength(entry.value);
    if (!this.#fits(bytes)) this.#sweep();
    if (!this.#fits(bytes)) {
      this.#refused++;
      return;
    }
    this.#stored.set(entry.key, { entry, bytes });
    this.#bytes += bytes;
    this.#mayExpire(entry);
  }

  #fits(bytes: number): boolean {
    return this.#bytes + bytes <= this.#limits.bytes && this.#stored.size < this.#limits.keys;
  }

  #remove(key: string): void {
    const stored = this.#stored.get(key);
    if (stored === undefined) return;
    this.#stored.delete(key);
    this.#bytes -= stored.bytes;
  }

  /** Only when there may be something to find: a full store refuses as many entries as a plugin can write. */
  #sweep(): void {
    if (this.#firstExpiry > this.#wall()) return;
    this.#firstExpiry = Infinity;
    for (const [key, { entry }] of this.#stored)
      if (this.#expired(entry)) this.#remove(key);
      else this.#mayExpire(entry);
  }

  #mayExpire({ expiresAt }: KeyValueEntry): void {
    if (expiresAt !== 0 && expiresAt < this.#firstExpiry) this.#firstExpiry = expiresAt;
  }

  #expired(entry: KeyValueEntry): boolean {
    return entry.expiresAt !== 0 && entry.expiresAt <= this.#wall();
  }
}
