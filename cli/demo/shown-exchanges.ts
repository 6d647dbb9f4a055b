import type { Clock, Timer } from "../../core/clock.ts";

/** Lines in each second: nobody reads more, and a terminal that is slow to print them holds up this process. */
const MOST = 20;
/** ms */
const SECOND = 1_000;

/** Which lines of the sidecar's access log stand at the terminal: a load generator makes thousands in a second. */
export class ShownExchanges implements Disposable {
  readonly #clock: Clock;
  readonly #say: (text: string) => void;
  #second: Timer | undefined;
  #seen = 0;

  /** `say` hears how many were hidden, once a second. */
  constructor(clock: Clock, say: (text: string) => void) {
    this.#clock = clock;
    this.#say = say;
  }

  /** Of a line of the sidecar's log; those that are no exchanges are all shown. */
  hides(line: string): boolean {
    if (!line.includes('"msg":"exchange"')) return false;
    this.#second ??= this.#clock.after(SECOND, () => this.#end()).unref();
    return ++this.#seen > MOST;
  }

  [Symbol.dispose](): void {
    this.#second?.[Symbol.dispose]();
  }

  #end(): void {
    const hidden = this.#seen - MOST;
    this.#second = undefined;
    this.#seen = 0;
    if (hidden > 0) this.#say(`… and ${hidden} more exchanges in this second\n`);
  }
}
