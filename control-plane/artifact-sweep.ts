import type { Clock, Timer } from "../core/clock.ts";
import { messageOf } from "../core/errors.ts";
import type { Logger } from "../core/log.ts";
import type { Artifacts } from "./artifacts/artifacts.ts";
import { collectArtifacts } from "./catalogue/collect-artifacts.ts";
import type { Store } from "./store/store.ts";

const HOUR = 3_600_000;

/** Deletes, once an hour, the bytes of packages that no version has any more. */
export class ArtifactSweep implements AsyncDisposable {
  readonly #store: Store;
  readonly #artifacts: Artifacts;
  readonly #log: Logger;
  readonly #timer: Timer;
  #running: Promise<void> = Promise.resolve();

  constructor(store: Store, artifacts: Artifacts, clock: Clock, log: Logger) {
    this.#store = store;
    this.#artifacts = artifacts;
    this.#log = log;
    this.#timer = clock
      .every(HOUR, () => {
        this.#running = this.#running.then(() => this.#sweep());
      })
      .unref();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#timer[Symbol.dispose]();
    await this.#running;
  }

  /** Never rejects. */
  async #sweep(): Promise<void> {
    try {
      const gone = await collectArtifacts(this.#store, this.#artifacts);
      if (gone.length > 0) this.#log.info({ packages: gone.length }, "packages of deleted versions are gone");
    } catch (error) {
      this.#log.error({ error: messageOf(error) }, "packages of deleted versions could not be deleted");
    }
  }
}
