import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import type { PluginRecord } from "./chain/chain.ts";

/** ms within which one plugin gets one line. */
const PERIOD = 10_000;

interface Told {
  at: number;
  /** Failures since then that got no line. */
  untold: number;
}

/**
 * The log of what fails in mode `degrade`: nobody waits for these plugins and the access log was written before they
 * were asked, so a line of their own says that they would have failed. One line per plugin and period, which counts
 * those that got none.
 */
export class DegradedFailures {
  readonly #log: Logger;
  readonly #clock: Clock;
  readonly #told = new Map<string, Told>();

  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Hears of everything that plugins were asked; on the path of requests. */
  asked(record: PluginRecord): void {
    if (!record.background || record.verdict.kind !== "failed") return;
    const { plugin, version } = record.target;
    const now = this.#clock.now();
    const told = this.#told.get(plugin);
    if (told !== undefined && now - told.at < PERIOD) {
      told.untold++;
      return;
    }
    this.#told.set(plugin, { at: now, untold: 0 });
    const { cause, detail } = record.verdict;
    const more = told?.untold ?? 0;
    this.#log.warn(
      { plugin, version, position: record.position, cause, detail, more },
      "a degraded plugin failed",
    );
  }

  /** Forgets plugins that are not in the chain any more. */
  retain(inForce: readonly { readonly plugin: string }[]): void {
    const names = new Set(inForce.map(({ plugin }) => plugin));
    for (const name of this.#told.keys()) if (!names.has(name)) this.#told.delete(name);
  }
}
