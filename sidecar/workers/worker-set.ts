import type { Timer } from "../../core/clock.ts";
import type { NotReady } from "../admin/readiness.ts";
import type { TrafficPorts } from "../traffic.ts";
import type { Answer, Ask, QuestionName } from "./questions.ts";
import type { WorkerProcess } from "./worker-process.ts";
import { WorkerSeat, type SeatOptions } from "./worker-seat.ts";

/** ms between two looks at whether each worker turns. */
const CHECK = 5_000;
/** ms after the deadline of a drain within which a worker must have ended. */
const FAREWELL = 6_000;

/** What one worker answered; `failure` says why it did not. */
export type WorkerAnswer<Name extends QuestionName> =
  | { readonly worker: WorkerProcess; readonly answer: Answer<Name> }
  | { readonly worker: WorkerProcess; readonly failure: string };

/** All workers of a sidecar. */
export class WorkerSet implements AsyncDisposable {
  readonly #seats: readonly WorkerSeat[];
  readonly #options: SeatOptions;
  #check: Timer | undefined;

  constructor(count: number, options: SeatOptions) {
    this.#options = options;
    this.#seats = Array.from({ length: count }, (_, index) => new WorkerSeat(index + 1, options));
  }

  get seats(): readonly WorkerSeat[] {
    return this.#seats;
  }

  /** Starts all of them, up to where they could listen. Rejects with a `WorkerError`, or a `ChildStartError`. */
  async start(): Promise<void> {
    await Promise.all(this.#seats.map((seat) => seat.start()));
  }

  /** Where a port is left open, the first one takes it and the others follow. Rejects with a `WorkerError`. */
  async listen(): Promise<TrafficPorts> {
    const [first, ...others] = this.#seats;
    const ports = await first?.listen(undefined);
    await Promise.all(others.map((seat) => seat.listen(ports)));
    this.#check = this.#options.clock
      .every(CHECK, () => void Promise.all(this.#seats.map((seat) => seat.check())))
      .unref();
    return ports ?? { inbound: 0, outbound: 0 };
  }

  /** Asks every worker that takes traffic. Never rejects. */
  async askAll<Name extends QuestionName>(
    name: Name,
    ask: Ask<Name>,
  ): Promise<readonly WorkerAnswer<Name>[]> {
    const workers = this.#seats.flatMap(({ serving }) => serving ?? []);
    return Promise.all(
      workers.map(async (worker): Promise<WorkerAnswer<Name>> => {
        try {
          return { worker, answer: await worker.ask(name, ask) };
        } catch (thrown) {
          return { worker, failure: thrown instanceof Error ? thrown.message : String(thrown) };
        }
      }),
    );
  }

  /** What stands in the way of being ready, of all workers that run; one that is being replaced is not missed. */
  async notReady(): Promise<readonly NotReady[]> {
    const answers = await this.askAll("notReady", null);
    if (answers.length === 0) return [{ name: "workers", reason: "none runs" }];
    return answers.flatMap((each): readonly NotReady[] => {
      const name = `worker ${each.worker.number}`;
      if ("failure" in each) return [{ name, reason: each.failure }];
      return each.answer.map((reason) => ({ ...reason, name: `${name}: ${reason.name}` }));
    });
  }

  /** Drains all by one deadline, and ends those that exceed it. */
  async drain(delay: number, deadline: number): Promise<void> {
    this.#check?.[Symbol.dispose]();
    const { promise, resolve } = Promise.withResolvers<void>();
    using _timer = this.#options.clock.after(delay + deadline + FAREWELL, resolve);
    await Promise.race([promise, Promise.all(this.#seats.map((seat) => seat.drain(delay, deadline)))]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#check?.[Symbol.dispose]();
    await Promise.all(this.#seats.map((seat) => seat[Symbol.asyncDispose]()));
  }
}
