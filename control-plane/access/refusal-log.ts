import type { Clock } from "../../core/clock.ts";
import type { RecordName } from "../model/audit.ts";
import type { Store } from "../store/store.ts";

export interface RefusalLimits {
  /** Refusals of one name that are written within `window`. */
  readonly perName: number;
  /** All that are written within `window`. */
  readonly total: number;
  /** ms */
  readonly window: number;
}

const LIMITS: RefusalLimits = { perName: 20, total: 200, window: 60_000 };

/**
 * Writes refused attempts into the audit, a bounded number in a time: a flood of them must not fill the disk. The first
 * that is written after some were left out says how many.
 */
export class RefusalLog {
  readonly #store: Pick<Store, "refused">;
  readonly #clock: Clock;
  readonly #limits: RefusalLimits;
  #began = Number.NEGATIVE_INFINITY;
  #total = 0;
  #byName = new Map<string, number>();
  #leftOut = 0;

  constructor(store: Pick<Store, "refused">, clock: Clock, limits: RefusalLimits = LIMITS) {
    this.#store = store;
    this.#clock = clock;
    this.#limits = limits;
  }

  /**
   * `record`: what it was about, if it was about one. Never throws: whoever was refused has an answer, also where the
   * store cannot write.
   */
  async note(
    by: { readonly name: string; readonly tokenId: string | undefined },
    action: string,
    reason: string,
    record?: RecordName,
  ): Promise<void> {
    if (!this.#admits(by.name)) return;
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    const text = leftOut === 0 ? reason : `${reason} (${leftOut} refusals before it were not written)`;
    await this.#store.refused(by, action, text, record).catch(() => {
      this.#leftOut += leftOut + 1;
    });
  }

  #admits(name: string): boolean {
    const now = this.#clock.now();
    if (now - this.#began >= this.#limits.window) {
      this.#began = now;
      this.#total = 0;
      this.#byName = new Map();
    }
    const count = this.#byName.get(name) ?? 0;
    if (this.#total >= this.#limits.total || count >= this.#limits.perName) {
      this.#leftOut++;
      return false;
    }
    this.#total++;
    this.#byName.set(name, count + 1);
    return true;
  }
}
