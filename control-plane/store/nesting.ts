import { AsyncLocalStorage } from "node:async_hooks";

/**
 * Tells calls of the store from within its own transactions, which would wait for themselves for ever. What was started
 * there and outlives the transaction may call.
 */
export class Nesting {
  readonly #within = new AsyncLocalStorage<{ over: boolean }>();

  async run<Result>(task: () => Promise<Result>): Promise<Result> {
    const transaction = { over: false };
    try {
      return await this.#within.run(transaction, task);
    } finally {
      transaction.over = true;
    }
  }

  refuse(): void {
    if (this.#within.getStore()?.over !== false) return;
    throw new Error("the store was called within its own read or change: use what that was given");
  }
}
