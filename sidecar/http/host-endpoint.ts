import type { LookupFunction } from "node:net";

/** Where an app or a service listens, by name or address. */
export interface HostEndpoint {
  readonly host: string;
  readonly port: number;
  /** Resolves the host; default Node's. */
  readonly lookup?: LookupFunction;
}
