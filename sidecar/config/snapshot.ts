import type { Address } from "../../core/address.ts";
import type { ChainDeadlines, DocumentEntry } from "../../core/chain-document/chain-document.ts";

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
  readonly chain: readonly DocumentEntry[];
  /** How long all of the chain may take at each position, ms. */
  readonly deadlines: ChainDeadlines;
  /** Endpoints by service name, which is in lower case. */
  readonly services: Readonly<Record<string, readonly Address[]>>;
  /** Undefined: `direct` where outbound listens on a loopback address only, else `deny`. */
  readonly unknownServices: UnknownServices | undefined;
}

/** What becomes of outbound requests to a host that is no service: `direct` goes there, `deny` refuses. */
export const UNKNOWN_SERVICES = ["direct", "deny"] as const;
export type UnknownServices = (typeof UNKNOWN_SERVICES)[number];

/** Who this node is. */
export interface NodeIdentity {
  /** Undefined: one is made up and kept in the state folder, where a control plane configures the node. */
  readonly id: string | undefined;
  readonly cluster: string;
  readonly service: string;
  readonly symbol: string;
  readonly labels: Readonly<Record<string, string>>;
}
