import type { Actor } from "../model/actor.ts";
import type { AuditEvent, RecordName } from "../model/audit.ts";
import type { Cluster, Domain, Plugin, PluginVersion } from "../model/catalogue.ts";
import type { ClusterChain } from "../model/chain.ts";
import type { Node, NodeChain, NodeChainKey, NodeReport } from "../model/node.ts";
import type { Release, ReleaseState } from "../model/release.ts";
import type { Silence, Webhook, WebhookDelivery } from "../model/alarm.ts";
import type { Token } from "../model/token.ts";

/** A page of a listing; `next` is the cursor of the page after it, undefined at the end. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

export interface PageRequest {
  /** 1 to 1,000. */
  readonly limit: number;
  /** `next` of the page before, which had the same order. */
  readonly cursor?: string | undefined;
  /** From the last key to the first. Default: from the first. */
  readonly descending?: boolean | undefined;
}

/** Records of one kind; keys as in `Keys`. */
export interface Records<Item, Key, Filter> {
  get(key: Key): Promise<Item | undefined>;
  /** In the order of their keys. */
  list(filter: Filter, page: PageRequest): Promise<Page<Item>>;
}

/**
 * The same within a change. Every write sets the record's `revision` to the change's tick and goes into the audit row
 * with what was before and after. `expected` is the revision that the caller has seen: another one is a
 * `StoreConflictError`; undefined writes over whatever is there.
 */
export interface WritableRecords<Item, Key, Filter> extends Records<Item, Key, Filter> {
  /** A `StoreConflictError` where the key is taken, a `StoreReferenceError` where it refers to what is not there. */
  insert(item: Unrevised<Item>): Promise<Item>;
  /** A `StoreConflictError` where it is gone. */
  update(item: Unrevised<Item>, expected?: number): Promise<Item>;
  /** A `StoreInUseError` where something refers to it. */
  delete(key: Key, expected?: number): Promise<void>;
}

export type Unrevised<Item> = Omit<Item, "revision">;

export interface ReleaseFilter {
  readonly cluster?: string | undefined;
  readonly plugin?: string | undefined;
  readonly states?: readonly ReleaseState[] | undefined;
}

export interface AuditFilter {
  readonly actor?: string | undefined;
  readonly action?: string | undefined;
  readonly kind?: string | undefined;
  readonly key?: string | undefined;
  /** Only events with a larger tick. */
  readonly afterTick?: number | undefined;
}

/** All of them: there is nothing to choose by. */
type Everything = object;

/** Kinds of records: item, key, filter. */
export interface RecordTypes {
  readonly domains: [Domain, string, Everything];
  readonly clusters: [Cluster, string, { readonly domain?: string | undefined }];
  readonly plugins: [Plugin, string, { readonly domain?: string | undefined }];
  readonly versions: [
    PluginVersion,
    { readonly plugin: string; readonly version: string },
    { readonly plugin?: string | undefined; readonly digest?: string | undefined },
  ];
  readonly chains: [ClusterChain, string, Everything];
  readonly releases: [Release, number, ReleaseFilter];
  readonly nodes: [Node, string, { readonly cluster?: string | undefined }];
  readonly tokens: [Token, string, { readonly hash?: string | undefined }];
  readonly webhooks: [Webhook, string, Everything];
  readonly silences: [Silence, string, Everything];
}
export type RecordKind = keyof RecordTypes;

/** The state as of one tick. */
export type View = {
  readonly [Name in RecordKind]: Records<RecordTypes[Name][0], RecordTypes[Name][1], RecordTypes[Name][2]>;
} & {
  readonly tick: number;
  readonly audit: { list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEvent>> };
};

/**
 * A change under way: reads see its own writes. `tick` is the one that it takes. After a write that was refused nothing
 * of the change can be accepted any more, even where the error is caught.
 */
export type Change = {
  readonly [Name in RecordKind]: WritableRecords<
    RecordTypes[Name][0],
    RecordTypes[Name][1],
    RecordTypes[Name][2]
  >;
} & {
  readonly tick: number;
  /** When it began (wall clock, ms), as the audit says. */
  readonly at: number;
  /** The next free number of a release. */
  nextReleaseId(): Promise<number>;
};

/** What was accepted, told after the commit, in the order of ticks. */
export interface Accepted {
  readonly tick: number;
  readonly action: string;
  readonly records: readonly { readonly kind: RecordKind; readonly key: string }[];
}

/**
 * All that must not be lost. One interface for SQLite and PostgreSQL; the same suite runs on each. A failed disk or
 * connection is a `StoreUnavailableError`. What runs within `read` and `change` awaits nothing but its view: others
 * wait for it; for the same reason neither may be called within the other.
 */
export interface Store extends AsyncDisposable {
  read<Result>(run: (view: View) => Promise<Result>): Promise<Result>;
  /**
   * One accepted change: rows, audit row and next tick in one transaction, on disk when it resolves. What `run` throws
   * undoes everything and takes no tick; so does a `run` that writes nothing, which answers with the tick that is
   * current. One change at a time.
   */
  change<Result>(
    by: Actor,
    action: string,
    run: (change: Change) => Promise<Result>,
  ): Promise<{ readonly tick: number; readonly result: Result }>;
  /** An audit row for what was refused, of the record that it was about; takes no tick. */
  refused(
    by: { readonly name: string; readonly tokenId: string | undefined },
    action: string,
    reason: string,
    record?: RecordName,
  ): Promise<void>;
  /** An audit row for what was done and changed no record (`reason`: to what); takes no tick. */
  noted(by: Actor, action: string, reason: string): Promise<void>;
  /** Hears of every change after its commit; what a listener throws is nobody's to catch. */
  onAccepted(listener: (accepted: Accepted) => void): Disposable;
  /** What nodes reported, as last known, and chains that this names: no tick, no audit, in one batch. */
  saveReports(reports: readonly NodeReport[], chains?: readonly NodeChain[]): Promise<void>;
  loadReports(): Promise<readonly NodeReport[]>;
  loadChains(): Promise<readonly NodeChain[]>;
  forgetChains(keys: readonly NodeChainKey[]): Promise<void>;
  /** Deliveries of webhooks, the oldest first: neither ticks nor audit. Of those that are done the newest 1,000 stay. */
  readonly deliveries: {
    save(delivery: WebhookDelivery): Promise<void>;
    list(state: WebhookDelivery["state"], page: PageRequest): Promise<Page<WebhookDelivery>>;
  };
  /** A consistent copy into a file, while changes go on. */
  backup(path: string): Promise<void>;
}
