import { once } from "node:events";
import { createInterface, type Interface } from "node:readline";
import type { ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";

import type { LoadOrder, LoadReport } from "./load/generator.ts";
import { cpuMicros } from "./process-tree.ts";
import { CORES, startPinned } from "./running-process.ts";

const GENERATOR = fileURLToPath(new URL("load/generator.ts", import.meta.url));

/** One spell of load against one process tree. */
export interface Measurement extends LoadReport {
  /** Over the whole tree, all threads, user and system, from rest to rest. */
  readonly cpuMicros: number;
}

/** Sends load from one process that keeps its connections to all cases, so that spells may be short. */
export class LoadGenerator implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #lines: Interface;
  readonly #failed: Promise<never>;

  constructor() {
    this.#child = startPinned(CORES.load, [process.execPath, GENERATOR], "pipe");
    if (this.#child.stdout === null) throw new Error("no standard output");
    this.#lines = createInterface(this.#child.stdout);
    this.#failed = once(this.#child, "exit").then(() => {
      throw new Error("the load generator ended");
    });
    // Heard of where somebody waits for a report.
    this.#failed.catch(() => {});
  }

  /** One spell against a tree of processes. */
  async measure(tree: readonly number[], order: LoadOrder): Promise<Measurement> {
    const before = cpuMicros(tree);
    const report = await this.load(order);
    return { ...report, cpuMicros: cpuMicros(tree) - before };
  }

  /** One spell. */
  async load(order: LoadOrder): Promise<LoadReport> {
    const answered = once(this.#lines, "line");
    this.#child.stdin?.write(`${JSON.stringify(order)}\n`);
    const [line] = (await Promise.race([answered, this.#failed])) as [string];
    return JSON.parse(line) as LoadReport;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null) return;
    const ended = once(this.#child, "exit");
    this.#child.stdin?.end();
    await ended;
  }
}
