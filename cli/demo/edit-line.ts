import type { Clock, Timer } from "../../core/clock.ts";

/** ms; editors write a file in several steps. */
const SETTLE = 50;

/** Edits of one folder: they are brought one after another, and all that come while one is brought are one. */
export class EditLine implements AsyncDisposable {
  readonly #clock: Clock;
  readonly #bring: () => Promise<void>;
  #settling: Timer | undefined;
  #waits = false;
  #working: Promise<void> | undefined;
  #closed = false;

  /** `bring` never rejects. */
  constructor(clock: Clock, bring: () => Promise<void>) {
    this.#clock = clock;
    this.#bring = bring;
  }

  /** Something has changed since the edit that is being brought. */
  get isBehind(): boolean {
    return this.#waits || this.#settling !== undefined;
  }

  changed(): void {
    if (this.#closed) return;
    this.#settling?.[Symbol.dispose]();
    this.#settling = this.#clock.after(SETTLE, () => {
      this.#settling = undefined;
      void this.bring();
    });
  }

  /** Brings what is there now; resolves when it, and what has changed meanwhile, has been brought. */
  bring(): Promise<void> {
    this.#waits = true;
    return (this.#working ??= this.#work());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    this.#settling?.[Symbol.dispose]();
    await this.#working;
  }

  async #work(): Promise<void> {
    while (this.#waits && !this.#closed) {
      this.#waits = false;
      await this.#bring();
    }
    this.#working = undefined;
  }
}
