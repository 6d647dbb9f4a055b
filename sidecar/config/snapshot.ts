import type { Address } from "../../core/address.ts";
import type { EntryMode } from "../chain/entry.ts";
import type { EntryMatch } from "../chain/match.ts";
import type { FailurePolicy } from "../chain/verdict.ts";

/** Everything one node needs, checked but not yet resolved: packages, config schemas and secrets come later. */
export interface MeshSnapshot {
  /** The file, or the stream, that it came from; for problems. */
  readonly where: string;
  /** Absolute; what relative paths in it are relative to. */
  readonly directory: string;
  readonly node: NodeIdentity;
  /** The `sidecar:` section as it came: the table of settings checks it, at start only. */
  readonly settings: unknown;
  /** Absolute folders that packages come from. */
  readonly pluginFolders: readonly string[];
  readonly chain: readonly SnapshotEntry[];
  /** How long all of the chain may take at each position, ms. */
  readonly deadlines: ChainDeadlines;
  /** Endpoints by service name, which is in lower case. */
  readonly services: Readonly<Record<string, readonly Address[]>>;
  /** Undefined: `direct` where outbound listens on a loopback address only, else `deny`. */
  readonly unknownServices: UnknownServices | undefined;
}

export interface ChainDeadlines {
  readonly request: number;
  readonly response: number;
}

/** What becomes of outbound requests to a host that is no service: `direct` goes there, `deny` refuses. */
export const UNKNOWN_SERVICES = ["direct", "deny"] as const;
export type UnknownServices = (typeof UNKNOWN_SERVICES)[number];

/** Who this node is; see DESIGN §1. */
export interface NodeIdentity {
  /** Undefined: the host's name. */
  readonly id: string | undefined;
  readonly cluster: string;
  readonly service: string;
  readonly symbol: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** One entry of the chain; what is undefined is the manifest's to say. */
export interface SnapshotEntry {
  readonly plugin: string;
  /** Undefined: the highest version there is. */
  readonly version: string | undefined;
  readonly mode: EntryMode;
  readonly tag: string;
  /** Secrets are references in it: see `resolveSecrets`. */
  readonly config: unknown;
  readonly match: EntryMatch | undefined;
  readonly failurePolicy: FailurePolicy | undefined;
  /** ms */
  readonly timeout: number | undefined;
  /** ms */
  readonly cpu: number | undefined;
  /** bytes */
  readonly memory: number | undefined;
}
