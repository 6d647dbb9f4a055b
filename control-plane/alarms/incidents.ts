import type { Clock } from "../../core/clock.ts";
import type { AlarmKind } from "../model/alarm.ts";

/** Trouble that happens at a moment and is no state that could be looked at: it counts for a while after the last time. */
export interface Incident {
  readonly kind: Extract<AlarmKind, "artifact-mismatch" | "store-error">;
  /** What it is about, in the alarm's key. */
  readonly about: string;
  readonly message: string;
}

/** Milliseconds after which an incident that did not happen again is over. */
const OVER_AFTER = 600_000;
const MOST = 1_000;

/** Incidents that are not over; anybody may note one. */
export class Incidents {
  readonly #clock: Clock;
  readonly #noted = new Map<string, { readonly incident: Incident; readonly at: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  note(incident: Incident): void {
    const key = `${incident.kind}/${incident.about}`;
    if (this.#noted.size >= MOST && !this.#noted.has(key)) return;
    this.#noted.set(key, { incident, at: this.#clock.now() });
  }

  current(): readonly Incident[] {
    const now = this.#clock.now();
    for (const [key, { at }] of this.#noted) if (now - at >= OVER_AFTER) this.#noted.delete(key);
    return Array.from(this.#noted.values(), ({ incident }) => incident);
  }
}
