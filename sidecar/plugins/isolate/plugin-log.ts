import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { LogLines } from "../../plugin-host/protocol/messages.ts";

/** Lines of one plugin in one second; the host has a quota too, but a host may be in the hands of a plugin. */
export const MAX_LINES = 200;
const SECOND = 1_000;
const MAX_LINE_CHARS = 8 * 1024;

/** What one plugin logs, in the sidecar's log under the plugin's name, as long as it keeps to its quota. */
export class PluginLog {
  readonly #log: Logger;
  readonly #clock: Clock;
  #second = -Infinity;
  #lines = 0;
  #dropped = 0;

  /** `log` carries the plugin's name and version. */
  constructor(log: Logger, clock: Clock) {
    this.#log = log;
    this.#clock = clock;
  }

  /** Writes what fits; what does not is counted, and the count is written when there is room again. */
  write({ lines, dropped }: LogLines): void {
    this.#dropped += dropped;
    for (const { level, text } of lines) {
      if (this.#takeRoom()) this.#log[level]({ from: "plugin" }, text.slice(0, MAX_LINE_CHARS));
      else this.#dropped++;
    }
    if (this.#dropped > 0 && this.#takeRoom()) this.#reportDropped();
  }

  #takeRoom(): boolean {
    const now = this.#clock.now();
    if (now - this.#second >= SECOND) {
      this.#second = now;
      this.#lines = 0;
    }
    return this.#lines++ < MAX_LINES;
  }

  #reportDropped(): void {
    this.#log.warn({ dropped: this.#dropped }, "log lines of a plugin were dropped: it is over its quota");
    this.#dropped = 0;
  }
}
