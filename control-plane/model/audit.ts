/** One accepted or refused attempt to change something; never changed or deleted. */
export interface AuditEvent {
  /** The change's tick; for an attempt that was refused, the tick that was current. */
  readonly tick: number;
  /** Counts up over all events. */
  readonly id: number;
  /** Wall clock, ms. */
  readonly at: number;
  readonly actor: string;
  /** Undefined for the control plane itself and for whoever had no valid token. */
  readonly tokenId: string | undefined;
  /** E.g. `release.approve`. */
  readonly action: string;
  readonly outcome: "accepted" | "refused";
  /** Why it was refused; of what was done and changed no record, to what; empty otherwise. */
  readonly reason: string;
  readonly changes: readonly RecordChange[];
  /** What was refused was about this one; undefined: about none that there can be, or it was accepted. */
  readonly record: RecordName | undefined;
}

export interface RecordName {
  /** `releases` */
  readonly kind: string;
  /** `7` */
  readonly key: string;
}

/** What became of one record; secrets never are in `before` and `after`. */
export interface RecordChange extends RecordName {
  /** Undefined: it was made. */
  readonly before: unknown;
  /** Undefined: it was deleted. */
  readonly after: unknown;
}
