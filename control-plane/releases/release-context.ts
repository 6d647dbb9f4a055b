import type { Clock } from "../../core/clock.ts";
import type { Release } from "../model/release.ts";
import type { NodeReports } from "../reports/node-reports.ts";
import type { Store } from "../store/store.ts";

/** What operations on releases work with. */
export interface ReleaseContext {
  readonly store: Store;
  readonly clock: Pick<Clock, "wall">;
  readonly reports: NodeReports;
  /** Resolves when what is known of these nodes is on disk. */
  readonly saveReports: (nodes: readonly string[]) => Promise<void>;
}

/** A release after a change, and the tick that the change took. */
export interface ChangedRelease {
  readonly tick: number;
  readonly release: Release;
}

/** Which release, and the revision of it that the caller has seen (`If-Match`); undefined: any. */
export interface ReleaseRequest {
  readonly release: number;
  readonly expected?: number | undefined;
}
