import { StreamRefused } from "./refusal.ts";

/** How many nodes may be connecting at once, so that a fleet that comes back together does not take all there is. */
export class Admission {
  readonly #most: number;
  #connecting = 0;

  constructor(most: number) {
    this.#most = most;
  }

  get connecting(): number {
    return this.#connecting;
  }

  /** A place until it is disposed of; a `StreamRefused` where there is none. */
  enter(): Disposable {
    if (this.#connecting >= this.#most)
      throw new StreamRefused(
        "too_many",
        `${this.#most} nodes are connecting; come back with back-off and jitter`,
      );
    this.#connecting++;
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (held) this.#connecting--;
        held = false;
      },
    };
  }
}
