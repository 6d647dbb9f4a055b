import type { Logger } from "../../core/log.ts";
import { StoreUnavailableError } from "../store/store-errors.ts";
import { problemOf } from "./problem.ts";

/** The control plane's log of what whoever asked cannot know or change; the rest is in their answer. */
export class FaultLog {
  readonly #log: Logger;
  readonly #onUnavailable: (message: string) => void;

  /** `onUnavailable` hears of requests that the store could not answer. */
  constructor(log: Logger, onUnavailable: (message: string) => void) {
    this.#log = log;
    this.#onUnavailable = onUnavailable;
  }

  /** A request ended by an error, before its answer began or in the midst of it. */
  note(error: unknown, requestId: string): void {
    const { code, detail, status } = problemOf(error);
    if (error instanceof StoreUnavailableError) this.#onUnavailable(error.message);
    if (code === "internal" || error instanceof StoreUnavailableError)
      this.#log.error({ err: error, requestId }, "a request failed");
    else if (status >= 500) this.#log.warn({ reason: detail, requestId }, "a request could not be served");
  }
}
