import { StreamRefused } from "./refusal.ts";

/** A token is one node's, which has one stream and perhaps some that it has given up. */
const MOST_OF_A_TOKEN = 4;

/** How many nodes may be connecting at once, so that a fleet that comes back together does not take all there is. */
export class Admission {
  readonly #most: number;
  readonly #byToken = new Map<string, number>();
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
    return onceDisposed(() => void this.#connecting--);
  }

  /** As `enter`, once it is known whose place it is: one token must not keep all of them from others. */
  enterAs(tokenId: string): Disposable {
    const own = this.#byToken.get(tokenId) ?? 0;
    if (own >= MOST_OF_A_TOKEN)
      throw new StreamRefused("too_many", `${own} streams of this token are connecting already`);
    this.#byToken.set(tokenId, own + 1);
    return onceDisposed(() => this.#leave(tokenId));
  }

  #leave(tokenId: string): void {
    const left = (this.#byToken.get(tokenId) ?? 1) - 1;
    if (left > 0) this.#byToken.set(tokenId, left);
    else this.#byToken.delete(tokenId);
  }
}

function onceDisposed(release: () => void): Disposable {
  let held = true;
  return {
    [Symbol.dispose]: () => {
      if (held) release();
      held = false;
    },
  };
}
