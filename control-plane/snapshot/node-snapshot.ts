import type { Node, NodeReport, Refusal, ResourceType } from "../model/node.ts";

/** One type of resource for one node: `content` is JSON's kinds, `hash` its content hash. */
export interface SnapshotResource {
  readonly hash: string;
  readonly content: unknown;
  /** It is empty because somebody wanted that. */
  readonly tombstone: boolean;
}

/** Everything one node needs, as of one tick and of what the node holds. */
export interface NodeSnapshot {
  readonly tick: number;
  /**
   * Undefined where nothing can be said yet, and the node keeps what it has: its chain needs a version that the node
   * has not yet answered for, and what is in its place there is not known. Nodes of one cluster with equal content get the same object.
   */
  readonly resources: Readonly<Record<ResourceType, SnapshotResource | undefined>>;
  /** Undefined: the node refused no entry of this chain. */
  readonly inPlace: ChainInPlace | undefined;
}

/** What a node gets in place of a chain of which it refused entries, in that one or in the one that it should have had before. */
export interface ChainInPlace {
  /**
   * The same chain with what goes on instead of these entries; undefined: it is not known what that is, or the node
   * refused that too.
   */
  readonly chain: SnapshotResource | undefined;
  /** Of `resources.chain`. */
  readonly refusal: Refusal;
}

/** The content of `stage`: what to hold, and with which config it will be loaded. */
export interface StageContent {
  readonly packages: readonly {
    readonly plugin: string;
    readonly version: string;
    readonly digest: string;
    readonly size: number;
    /** Config of its chain entry, to be checked before it is in force; undefined: in no chain. */
    readonly config: unknown;
  }[];
}

export type ChainEntryContent = Readonly<Record<string, unknown>>;

/**
 * The content of `chain`: `entries` in the shape of `chain:` in a configuration file, each with `version` and, where
 * a part of the traffic runs another one, `gray: {version, percentage, salt}`; `deadlines` as there. An entry whose
 * every version the node cannot hold is there without `version` but with `unavailable`: its policy answers.
 */
export interface ChainContent {
  readonly entries: readonly ChainEntryContent[];
  readonly deadlines: { readonly request: string; readonly response: string };
}

/** The content of `route`: `services` and `unknownServices` in the shape of a configuration file. */
export interface RouteContent {
  readonly services: Readonly<Record<string, readonly string[]>>;
}

/** Makes snapshots: a pure function of what is stored at a tick and of what the node reported to hold. */
export interface SnapshotSource {
  /**
   * Cheap: what nodes have in common is computed once. `report.packages` must have what the node said in its Hello;
   * `report.resources.chain.acked` is the chain that it has in force, by its Hello or by its Ack.
   */
  snapshotFor(node: Node, report: NodeReport): NodeSnapshot;
  /** The tick that snapshots are made as of; grows. */
  readonly tick: number;
  /** Something that snapshots depend on has changed. */
  onChange(listener: (tick: number) => void): Disposable;
}
