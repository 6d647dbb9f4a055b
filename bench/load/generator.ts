import { createInterface } from "node:readline";

import { H2Connection } from "./h2-connection.ts";
import { Http1Connection } from "./http1-connection.ts";
import type { LoadSlot } from "./load-slot.ts";
import type { Workload } from "./requests.ts";

/** One spell of load; the generator takes them as lines of JSON and keeps the connections between them. */
export interface LoadOrder {
  readonly port: number;
  readonly workload: Workload;
  /** Requests in flight at most: connections of HTTP/1.1, or streams of a quarter as many connections of HTTP/2. */
  readonly inFlight: number;
  /** Requests per second; 0: as fast as answers come back. */
  readonly rate: number;
  /** Milliseconds in which requests are sent. The spell ends when the last is answered. */
  readonly duration: number;
}

/** What it prints for each, as one line of JSON; latencies in milliseconds from the moment a request was due. */
export interface LoadReport {
  readonly requests: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
}

const STREAMS = 4;

const slotsByPort = new Map<number, readonly LoadSlot[]>();

function slotsOf({ port, workload, inFlight }: LoadOrder): readonly LoadSlot[] {
  const known = slotsByPort.get(port);
  if (known !== undefined && known.length >= inFlight) return known.slice(0, inFlight);
  const broken = (reason: string): void => {
    process.stderr.write(`load on port ${port}: ${reason}\n`);
    process.exit(1);
  };
  const slots =
    workload === "http1"
      ? Array.from({ length: inFlight }, () => new Http1Connection(port, broken))
      : Array.from({ length: inFlight / STREAMS }, () =>
          new H2Connection(port, workload, broken).slots(STREAMS),
        ).flat();
  slotsByPort.set(port, slots);
  return slots;
}

/** One spell: who is asked for a request while it lasts, and what became of those that were sent. */
class Spell {
  readonly #latencies: number[] = [];
  readonly #startedAt = performance.now();
  readonly #until: number;
  readonly #ended = Promise.withResolvers<LoadReport>();
  #open = 0;

  constructor(duration: number) {
    this.#until = this.#startedAt + duration;
  }

  get running(): boolean {
    return performance.now() < this.#until;
  }

  get report(): Promise<LoadReport> {
    return this.#ended.promise;
  }

  send(slot: LoadSlot, due: number, answered: () => void): void {
    this.#open++;
    slot.send(() => {
      this.#latencies.push(performance.now() - due);
      this.#open--;
      if (this.running) answered();
      else this.endWhenAnswered();
    });
  }

  endWhenAnswered(): void {
    if (this.#open > 0) return;
    const seconds = (performance.now() - this.#startedAt) / 1000;
    const sorted = this.#latencies.toSorted((a, b) => a - b);
    const quantile = (q: number): number => sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN;
    this.#ended.resolve({ requests: sorted.length, seconds, p50: quantile(0.5), p99: quantile(0.99) });
  }
}

function closedLoop(spell: Spell, slot: LoadSlot): void {
  spell.send(slot, performance.now(), () => closedLoop(spell, slot));
}

/**
 * Requests become due at fixed moments, noticed by a timer of one millisecond whose own lateness is not counted;
 * those that then find no free slot wait, and their waiting counts.
 */
function fixedRate(spell: Spell, slots: readonly LoadSlot[], rate: number): void {
  const waiting: number[] = [];
  const idle = [...slots];
  const period = 1000 / rate;
  let next = performance.now();
  const serve = (): void => {
    while (idle.length > 0 && waiting.length > 0) {
      const slot = idle.pop();
      const due = waiting.shift();
      if (slot === undefined || due === undefined) return;
      spell.send(slot, due, () => {
        idle.push(slot);
        serve();
      });
    }
  };
  const timer = setInterval(() => {
    if (!spell.running) {
      clearInterval(timer);
      spell.endWhenAnswered();
      return;
    }
    const now = performance.now();
    for (; next <= now; next += period) waiting.push(now);
    serve();
  }, 1);
}

for await (const line of createInterface(process.stdin)) {
  const order = JSON.parse(line) as LoadOrder;
  const slots = slotsOf(order);
  const spell = new Spell(order.duration);
  if (order.rate > 0) fixedRate(spell, slots, order.rate);
  else for (const slot of slots) closedLoop(spell, slot);
  process.stdout.write(`${JSON.stringify(await spell.report)}\n`);
}
process.exit(0);
