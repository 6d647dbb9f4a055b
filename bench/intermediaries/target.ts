import type { Workload } from "../load/requests.ts";

/** What an intermediary is configured for. */
export interface Target {
  /** Of its own, for whatever it writes. */
  readonly folder: string;
  /** Where it listens, on 127.0.0.1. */
  readonly port: number;
  readonly upstream: number;
  readonly workload: Workload;
}
