/** Something without which the sidecar must get no traffic. */
export interface ReadyCheck {
  /** Of whom it speaks: `plugin token-guard`, `listener inbound`, … */
  readonly name: string;
  /** Why it is not ready, for people; undefined while it is. Called at each probe, so it must be cheap. */
  problem(): string | undefined;
}

export interface NotReady {
  readonly name: string;
  readonly reason: string;
}

export const SIDECAR_PHASES = ["starting", "serving", "draining"] as const;
export type SidecarPhase = (typeof SIDECAR_PHASES)[number];

/** Whether balancers should send traffic here: from the end of the start to the beginning of the drain. */
export class Readiness {
  readonly #checks: () => Iterable<ReadyCheck>;
  #phase: SidecarPhase = "starting";

  /** `checks` is asked at each probe: which plugins there are changes while the sidecar runs. */
  constructor(checks: () => Iterable<ReadyCheck>) {
    this.#checks = checks;
  }

  get phase(): SidecarPhase {
    return this.#phase;
  }

  /** Everything listens. Without effect once draining. */
  serving(): void {
    if (this.#phase === "starting") this.#phase = "serving";
  }

  /** For good. */
  draining(): void {
    this.#phase = "draining";
  }

  /** Everything that stands in the way; empty: ready. */
  reasons(): readonly NotReady[] {
    if (this.#phase !== "serving") return [{ name: "sidecar", reason: this.#phase }];
    const reasons: NotReady[] = [];
    for (const check of this.#checks()) {
      const reason = check.problem();
      if (reason !== undefined) reasons.push({ name: check.name, reason });
    }
    return reasons;
  }
}
