import { performance } from "node:perf_hooks";

/** How old a sample may be when an entry begins, ms; bounds the error of `spent`. */
const FRESH = 0.1;

/**
 * CPU time of this thread, cheap where nobody asks: reading it costs ten times a look at the clock, and only an entry
 * that took too long needs it. isolated-vm's cpuTime is wall time in its Linux builds (measured), which blames a
 * plugin for the time in which others had the CPU.
 */
export class CpuMeter {
  #wall = performance.now();
  #cpu = threadCpu();

  /** Before an entry; `now` is `performance.now()`. */
  begin(now: number): void {
    if (now - this.#wall > FRESH) this.#sample(now);
  }

  /** Milliseconds on the CPU since the entry that began at `began`, right to about a tenth. */
  spent(began: number): number {
    const between = began - this.#wall;
    const before = this.#cpu;
    this.#sample(performance.now());
    return Math.max(0, this.#cpu - before - between);
  }

  #sample(now: number): void {
    this.#wall = now;
    this.#cpu = threadCpu();
  }
}

function threadCpu(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}
