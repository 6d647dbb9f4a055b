import type { Clock } from "../../core/clock.ts";

/** Writes an audit row of what was refused; the store's. */
export type RefusalAudit = (
  by: { readonly name: string; readonly tokenId: string | undefined },
  action: string,
  reason: string,
) => Promise<void>;

/** The same refusal is written once in this time, ms: a node with another's token comes back every few seconds. */
const AGAIN = 60_000;
/** Different refusals in that time; whoever makes up names is not to fill the disk. */
const MOST = 500;

/** Audits streams that were refused for want of rights, each once a minute. */
export class RefusedStreams {
  readonly #audit: RefusalAudit;
  readonly #clock: Clock;
  #since: number;
  #written = new Set<string>();

  constructor(audit: RefusalAudit, clock: Clock) {
    this.#audit = audit;
    this.#clock = clock;
    this.#since = clock.now();
  }

  async refused(
    by: { readonly name: string; readonly tokenId: string | undefined },
    reason: string,
  ): Promise<void> {
    if (this.#clock.now() - this.#since >= AGAIN) {
      this.#since = this.#clock.now();
      this.#written = new Set();
    }
    const key = `${by.name}\n${by.tokenId ?? ""}\n${reason}`;
    if (this.#written.has(key) || this.#written.size >= MOST) return;
    this.#written.add(key);
    await this.#audit(by, "node.connect", reason);
  }
}
