import { fileURLToPath } from "node:url";

import type { BenchCase } from "./cases.ts";
import type { LoadOrder } from "./load/generator.ts";
import { LoadGenerator, type Measurement } from "./measure.ts";
import { processTree, proportionalSetSize } from "./process-tree.ts";
import type { CaseResult } from "./report.ts";
import { CORES, startListening, type RunningProcess } from "./running-process.ts";

/** Requests under way at most, when as many are sent as are answered. */
export const IN_FLIGHT = 32;
const IN_FLIGHT_PACED = 8;

/** Load before it is looked whether there was enough of it, ms. */
const WARM_UP = 500;

/** Load before each slice that is not counted, ms. */
const SETTLE = 30;

/** Shorter slices say nothing of tails. */
const LATENCY_SLICE = 600;

export interface RunOptions {
  readonly rounds: number;
  /** Load on one case before it is the next one's turn, ms. */
  readonly slice: number;
  /** Requests to each case before the first round. */
  readonly warmup: number;
  /** How many of the rounds measure latency too. */
  readonly latencyRounds: number;
  /** Requests per second when latency is measured. */
  readonly rate: number;
  progress(text: string): void;
}

interface Running {
  readonly bench: BenchCase;
  readonly process: RunningProcess;
  readonly saturated: Measurement[];
  readonly fixedRate: Measurement[];
}

/** The cases of one workload, all running. */
export class BenchRun implements AsyncDisposable {
  readonly #stack: AsyncDisposableStack;
  readonly #cases: readonly Running[];
  readonly #load: LoadGenerator;

  private constructor(stack: AsyncDisposableStack, cases: readonly Running[]) {
    this.#load = stack.use(new LoadGenerator());
    this.#stack = stack;
    this.#cases = cases;
  }

  static async start(folder: string, cases: readonly BenchCase[]): Promise<BenchRun> {
    await using stack = new AsyncDisposableStack();
    const beside = async (file: string): Promise<number> => {
      const path = fileURLToPath(new URL(`load/${file}`, import.meta.url));
      return stack.use(await startListening(CORES.load, [process.execPath, path])).port;
    };
    const surroundings = {
      folder,
      http1: await beside("origin.ts"),
      h2: await beside("h2-origin.ts"),
      grpcPlugin: await beside("grpc-plugin.ts"),
    };
    const running: Running[] = [];
    for (const bench of cases) {
      const process = stack.use(await bench.start(surroundings));
      running.push({ bench, process, saturated: [], fixedRate: [] });
    }
    return new BenchRun(stack.move(), running);
  }

  async measure(options: RunOptions): Promise<readonly CaseResult[]> {
    // Compilers need some tens of thousands of requests; what they cost is not what a request costs.
    options.progress("warming up");
    await this.#warmUp(options.warmup);
    for (let number = 1; number <= options.rounds; number++) {
      if (number % 5 === 0) options.progress(`round ${number} of ${options.rounds}`);
      await this.#round(options, number <= options.latencyRounds);
    }
    return this.#cases.map(({ bench, process, saturated, fixedRate }) => ({
      name: bench.name,
      saturated,
      fixedRate,
      proportionalSetSize: proportionalSetSize(process.pid),
    }));
  }

  /** In turns: a case that was warmed up and then waits for all others to be is cold again, and the last one is not. */
  async #warmUp(requests: number): Promise<void> {
    const left = new Map(this.#cases.map((one) => [one, requests]));
    while (left.size > 0) {
      for (const [one, count] of left) {
        const sent = (await this.#load.load(this.#order(one, WARM_UP))).requests;
        if (sent < count) left.set(one, count - sent);
        else left.delete(one);
      }
    }
  }

  /** In a new order each time: no case is always measured behind the same one. */
  async #round(options: RunOptions, latency: boolean): Promise<void> {
    for (const one of shuffled(this.#cases)) {
      const tree = processTree(one.process.pid);
      // Idle connections may have been closed meanwhile, and caches are cold.
      await this.#load.load(this.#order(one, SETTLE));
      one.saturated.push(await this.#load.measure(tree, this.#order(one, options.slice)));
      if (!latency) continue;
      const paced = { ...this.#order(one, LATENCY_SLICE), inFlight: IN_FLIGHT_PACED, rate: options.rate };
      one.fixedRate.push(await this.#load.measure(tree, paced));
    }
  }

  #order({ bench, process }: Running, duration: number): LoadOrder {
    return { port: process.port, workload: bench.workload, inFlight: IN_FLIGHT, rate: 0, duration };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stack.disposeAsync();
  }
}

function shuffled<Item>(items: readonly Item[]): readonly Item[] {
  return items
    .map((item) => ({ item, at: Math.random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ item }) => item);
}
