/** A version of a plugin that the chain in force names. */
export interface RunningVersion {
  readonly plugin: string;
  readonly version: string;
  /** Empty where nothing is loaded. */
  readonly digest: string;
  readonly generation: number;
  /** `quarantined`, `suspended`, `tripped`, …; undefined: it answers. */
  readonly obstacle: string | undefined;
  /** The same for people. */
  readonly detail: string | undefined;
}

/** What a node's processes do, taken together. */
export interface NodeView {
  readonly running: readonly RunningVersion[];
  /** Exchanges under way, and those that ended since the start. */
  readonly inFlight: number;
  readonly exchanges: number;
}
