import type { PluginStore, StoreOptions } from "../../../core/plugin-api.ts";
import { field, FieldReader } from "./fields.ts";
import { MAX_KEY, MAX_VALUE } from "./limits.ts";
import { emit } from "./output.ts";

interface Stored {
  readonly json: string;
  /** Wall clock ms; 0: never. */
  readonly expiresAt: number;
}

export interface StoreLimits {
  /** Keys and values together, in UTF-8. */
  readonly bytes: number;
  readonly keys: number;
}

const now = Date.now;

/** The isolate's copy of the plugin's store: reads and writes are local, changes ride out with the entry. */
export class Store implements PluginStore {
  readonly #limits: StoreLimits;
  #entries = new Map<string, Stored>();
  #size = 0;
  readonly #changed = new Set<string>();
  #rehearsal: { readonly entries: Map<string, Stored>; readonly size: number } | undefined;

  constructor(limits: StoreLimits) {
    this.#limits = limits;
  }

  get(key: string): unknown {
    const stored = this.#live(key);
    return stored === undefined ? undefined : JSON.parse(stored.json);
  }

  set(key: string, value: unknown, options?: StoreOptions): void {
    const json = JSON.stringify(value);
    if (json === undefined || isNoNumber(value))
      throw new TypeError("kv: the value must be what JSON can hold");
    this.#put(checkedKey(key), { json, expiresAt: expiry(options) });
  }

  increment(key: string, by = 1, options?: StoreOptions): number {
    const stored = this.#live(key);
    const before: unknown = stored === undefined ? 0 : JSON.parse(stored.json);
    if (typeof before !== "number") throw new TypeError(`kv: '${key}' does not hold a number`);
    const sum = before + by;
    if (typeof by !== "number" || isNoNumber(sum))
      throw new RangeError(`kv: '${key}' cannot be incremented by ${by}: the sum would be no finite number`);
    const expiresAt = stored?.expiresAt ?? expiry(options);
    this.#put(checkedKey(key), { json: JSON.stringify(sum), expiresAt });
    return sum;
  }

  delete(key: string): void {
    if (!this.#entries.has(key)) return;
    this.#remove(key);
    this.#changed.add(key);
  }

  keys(): readonly string[] {
    this.#sweep();
    return [...this.#entries.keys()];
  }

  /** Adds `S` (set: key, JSON, expiry) and `X` (deleted: key) for what changed since the last call. */
  emitChanges(): void {
    if (this.#changed.size === 0 || this.#rehearsal !== undefined) return;
    for (const key of this.#changed) {
      const stored = this.#entries.get(key);
      if (stored === undefined) emit("X", field(key));
      else emit("S", field(key) + field(stored.json) + field(`${stored.expiresAt}`));
    }
    this.#changed.clear();
  }

  /** Takes over what another host or generation wrote, in the records of `emitChanges`. */
  take(changes: string): void {
    const reader = new FieldReader(changes);
    while (reader.more) {
      const kind = reader.text();
      const key = reader.text();
      this.#remove(key);
      if (kind === "S") this.#insert(key, { json: reader.text(), expiresAt: reader.number() });
    }
  }

  /** From here on nothing is reported, and `rollBack` undoes it. */
  rehearse(): void {
    this.#rehearsal = { entries: new Map(this.#entries), size: this.#size };
  }

  rollBack(): void {
    if (this.#rehearsal === undefined) return;
    this.#entries = this.#rehearsal.entries;
    this.#size = this.#rehearsal.size;
    this.#rehearsal = undefined;
    this.#changed.clear();
  }

  #put(key: string, stored: Stored): void {
    if (stored.json.length > MAX_VALUE)
      throw new RangeError(`kv: a value may have ${MAX_VALUE} chars of JSON`);
    if (!this.#fits(key, stored)) this.#sweep();
    if (!this.#fits(key, stored)) throw new RangeError("kv: the plugin's store is full");
    this.#remove(key);
    this.#insert(key, stored);
    this.#changed.add(key);
  }

  #fits(key: string, stored: Stored): boolean {
    const before = this.#entries.get(key);
    const keys = this.#entries.size + (before === undefined ? 1 : 0);
    const freed = before === undefined ? 0 : bytesOf(key, before);
    const size = this.#size - freed + bytesOf(key, stored);
    return keys <= this.#limits.keys && size <= this.#limits.bytes;
  }

  #insert(key: string, stored: Stored): void {
    this.#entries.set(key, stored);
    this.#size += bytesOf(key, stored);
  }

  #remove(key: string): void {
    const stored = this.#entries.get(key);
    if (stored === undefined) return;
    this.#entries.delete(key);
    this.#size -= bytesOf(key, stored);
  }

  #live(key: string): Stored | undefined {
    const stored = this.#entries.get(key);
    if (stored === undefined || stored.expiresAt === 0 || stored.expiresAt > now()) return stored;
    this.#remove(key);
    return undefined;
  }

  #sweep(): void {
    for (const key of this.#entries.keys()) this.#live(key);
  }
}

function bytesOf(key: string, stored: Stored): number {
  return utf8Length(key) + utf8Length(stored.json);
}

/** No TextEncoder here. A surrogate pair is two chars of two bytes each. */
function utf8Length(text: string): number {
  let bytes = text.length;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) continue;
    bytes += code < 0x800 || (code >= 0xd800 && code <= 0xdfff) ? 1 : 2;
  }
  return bytes;
}

function expiry(options: StoreOptions | undefined): number {
  const ttl = options?.ttl;
  if (ttl === undefined) return 0;
  if (typeof ttl !== "number" || !(ttl > 0)) throw new TypeError("kv: ttl must be a number of milliseconds");
  return Math.ceil(now() + ttl);
}

/** JSON makes `null` of it, which would not come back as what was stored. */
function isNoNumber(value: unknown): boolean {
  return typeof value === "number" && !Number.isFinite(value);
}

function checkedKey(key: string): string {
  if (typeof key !== "string" || key.length === 0 || key.length > MAX_KEY || !key.isWellFormed())
    throw new TypeError(`kv: a key is well-formed text of 1 to ${MAX_KEY} chars`);
  return key;
}
