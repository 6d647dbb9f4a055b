import type { FailureCause } from "./verdict.ts";

/**
 * What a failure says about the plugin itself. `counts`: one of the failures that trip it. `trips`: it stood in
 * everyone's way, once is enough. `neutral`: it waited, was never asked, or somebody else was to blame.
 */
export type Blame = "counts" | "trips" | "neutral";

const BLAME: Readonly<Record<FailureCause, Blame>> = {
  not_loaded: "neutral",
  timeout: "counts",
  cpu: "trips",
  memory: "counts",
  throw: "counts",
  crash: "counts",
  invalid_answer: "counts",
  queue_full: "neutral",
  host_busy: "neutral",
  host_gone: "neutral",
  unreachable: "counts",
  chain_deadline: "neutral",
  tripped: "neutral",
  suspended: "neutral",
  quarantined: "neutral",
};

/** Whether a failure of this cause counts against the plugin's breaker. */
export function blameFor(cause: FailureCause): Blame {
  return BLAME[cause];
}

/** What `X-Mesh-Plugin-Skipped` and the access log say of a plugin for which policy `open` stood in. */
export function skippedMarker(plugin: string, cause: FailureCause): string {
  return `${plugin};${cause}`;
}
