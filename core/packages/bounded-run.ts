import { createContext, Script } from "node:vm";

const script = new Script("run()");

/** Times that code is begun anew which had too little of the CPU, each time with twice the wall time. */
const ATTEMPTS = 5;

/**
 * Runs synchronous code that works on what a plugin's author wrote and ends it after `limit` ms on the CPU, in the
 * middle of a regular expression too; then it throws an error with code ERR_SCRIPT_EXECUTION_TIMEOUT. A machine that
 * is busy with other things is no fault of the code: it is run again, so `run` must be repeatable. Costs a few
 * milliseconds.
 */
export function runBounded<T>(limit: number, run: () => T): T {
  const context = createContext({ run });
  for (let attempt = 1, wall = limit; ; attempt++, wall *= 2) {
    const before = process.threadCpuUsage();
    try {
      return script.runInContext(context, { timeout: wall }) as T;
    } catch (error) {
      const { user, system } = process.threadCpuUsage(before);
      const starved = (user + system) / 1_000 < limit / 2;
      if (!starved || attempt === ATTEMPTS || !isTimeout(error)) throw error;
    }
  }
}

/** It belongs to the context that was ended, so it is no instance of our Error. */
function isTimeout(error: unknown): boolean {
  if (typeof error !== "object" || error === null || !("code" in error)) return false;
  return error.code === "ERR_SCRIPT_EXECUTION_TIMEOUT";
}
