// What plugin authors implement and are given. Pure types: the plugin host's world, the SDK and its test harness
// share them.

/** The default export of a plugin's script. */
export interface Plugin<Config = unknown> {
  /** Once, before the first question; may be async. What it throws fails the load, and the old version stays. */
  readonly init?: (context: PluginContext<Config>) => unknown;
  /** One position of one exchange. Nothing returned: allowed, unchanged. May be async within the plugin's timeout. */
  readonly execute: (
    request: PluginRequest,
    context: PluginContext<Config>,
  ) => PluginAnswer | void | Promise<PluginAnswer | void>;
  /** Once, when the generation ends in order. */
  readonly destroy?: (context: PluginContext<Config>) => unknown;
}

/** What a plugin says about one position of one exchange. */
export interface PluginAnswer {
  /** 0 or absent: allow. 200 to 599: answer the client with this status, headers and body, and stop. */
  readonly httpCode?: number;
  readonly headerSet?: PluginHeaderSet;
  /** Used in a block only. */
  readonly body?: string;
}

/**
 * Header changes, as a list or as a record by name: values overwrite a header, no value (`[]` or null) deletes it.
 * Numbers are written in decimal.
 */
export type PluginHeaderSet =
  | readonly { readonly key: string; readonly value: PluginHeaderValue }[]
  | Readonly<Record<string, PluginHeaderValue>>;

export type PluginHeaderValue = string | number | readonly (string | number)[] | null;

export interface PluginRequest {
  /** Of the exchange; the same at both positions. */
  readonly id: number;
  /** 0 request phase, 1 response phase. */
  readonly position: number;
  /** The tag of the chain's entry. */
  readonly tag: string;
  /** Wall clock in ms when the request arrived. */
  readonly bizStartAt: number;
  /** Wall time that this question may take, ms. */
  readonly timeout: number;
  /** 1, or more when it is asked again because a host died: side effects may happen twice. */
  readonly attempt: number;
  /** True for the question that is asked once while loading; nothing becomes of the answer. */
  readonly smoke: boolean;
  readonly method: string;
  readonly host: string;
  readonly remoteIp: string;
  /** Raw, without the query. */
  readonly path: string;
  /** Raw, without `?`. */
  readonly query: string;
  /** The response's status at position 1, else 0. */
  readonly status: number;
  /** As the plugins before left them, with the `X-Mesh-*` fields. */
  readonly headers: PluginHeaders;
}

/** One entry for each name, in arrival order; names are compared without case, values are never joined. */
export interface PluginHeaders extends Iterable<PluginHeader> {
  /** The first value. */
  get(name: string): string | undefined;
  /** All values; empty when the header is not there. */
  getAll(name: string): readonly string[];
  has(name: string): boolean;
}

export interface PluginHeader {
  /** In the case in which it arrived. */
  readonly key: string;
  readonly value: readonly string[];
}

export interface PluginContext<Config = unknown> {
  readonly plugin: string;
  readonly version: string;
  /** The tag of the first chain entry that uses this plugin; `request.tag` is the one in force. */
  readonly tag: string;
  /** Positions that the manifest names. */
  readonly positions: readonly number[];
  readonly config: Config;
  readonly log: PluginLog;
  /** Undefined unless the manifest asks for it (`permissions.kv`). */
  readonly kv: PluginStore | undefined;
  /** Undefined unless the manifest names addresses (`permissions.fetch`). */
  readonly fetch: PluginFetch | undefined;
}

/** Lines beyond the quota are dropped and counted. */
export interface PluginLog {
  readonly debug: (...values: unknown[]) => void;
  readonly info: (...values: unknown[]) => void;
  readonly warn: (...values: unknown[]) => void;
  readonly error: (...values: unknown[]) => void;
}

/** Kept across reloads and host deaths, on this node only. Values are what JSON can hold. Bounded: writes may throw. */
export interface PluginStore {
  get(key: string): unknown;
  set(key: string, value: unknown, options?: StoreOptions): void;
  /** Adds to a number (0 when absent) and returns the sum, which must be finite; a `ttl` counts from the first write. */
  increment(key: string, by?: number, options?: StoreOptions): number;
  delete(key: string): void;
  keys(): readonly string[];
}

export interface StoreOptions {
  /** Milliseconds until the entry is gone; absent: it stays. */
  readonly ttl?: number;
}

export type PluginFetch = (url: string, options?: FetchOptions) => Promise<FetchAnswer>;

export interface FetchOptions {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  /** Milliseconds; at most and by default 10 s. */
  readonly timeout?: number;
}

export interface FetchAnswer {
  readonly status: number;
  readonly ok: boolean;
  readonly headers: PluginHeaders;
  text(): string;
  json(): unknown;
}
