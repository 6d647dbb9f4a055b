import { Backoff } from "../../core/backoff.ts";
import type { Clock, Timer } from "../../core/clock.ts";
import { messageOf } from "../../core/errors.ts";
import type { Logger, LogLevel } from "../../core/log.ts";
import type { SidecarSettings } from "../settings.ts";
import type { TrafficPorts } from "../traffic.ts";
import { WorkerError } from "./worker-link.ts";
import { WorkerProcess, type WorkerEnd, type WorkerOutputs } from "./worker-process.ts";

const RETRY = { first: 100, ceiling: 30_000 } as const;
/** Who has served for so long, ms, did not end because of how it was started. */
const STEADY = 30_000;

/** Why a worker ended unasked. */
export const DEATH_CAUSES = ["exit", "signal", "silent"] as const;
export type DeathCause = (typeof DEATH_CAUSES)[number];

export const SEAT_STATES = ["starting", "serving", "waiting", "draining", "ended"] as const;
export type SeatState = (typeof SEAT_STATES)[number];

export interface SeatOptions extends WorkerOutputs {
  readonly settings: SidecarSettings;
  readonly logLevel: () => LogLevel;
  /** Gives a worker the configuration in force; rejects with a `WorkerError`. */
  readonly admit: (worker: WorkerProcess) => Promise<void>;
  /** It is gone. */
  readonly dismiss: (worker: WorkerProcess) => void;
  readonly onDeath: (cause: DeathCause) => void;
  /** A worker took the place of one that ended. */
  readonly onReplaced: () => void;
  readonly clock: Clock;
  readonly log: Logger;
}

/** One of the numbered places of workers: whoever ends there unasked is replaced, sooner or later. */
export class WorkerSeat implements AsyncDisposable {
  readonly number: number;
  readonly #options: SeatOptions;
  readonly #backoff = new Backoff(RETRY);
  #state: SeatState = "starting";
  #worker: WorkerProcess | undefined;
  /** Known once it has listened: from then on it is replaced. */
  #ports: TrafficPorts | undefined;
  #servingSince = 0;
  #silent = false;
  #retry: Timer | undefined;

  constructor(number: number, options: SeatOptions) {
    this.number = number;
    this.#options = options;
  }

  get state(): SeatState {
    return this.#state;
  }

  /** Whoever takes traffic here; undefined while nobody does. */
  get serving(): WorkerProcess | undefined {
    return this.#state === "serving" || this.#state === "draining" ? this.#worker : undefined;
  }

  get pid(): number | undefined {
    return this.#worker?.pid;
  }

  /** The first worker, up to where it could listen. Rejects with a `WorkerError`, or a `ChildStartError`. */
  async start(): Promise<void> {
    const { settings, logLevel, admit, clock, output, errors } = this.#options;
    const worker = new WorkerProcess(this.number, { output, errors }, clock);
    this.#worker = worker;
    this.#silent = false;
    void worker.ended.then((end) => this.#ended(worker, end));
    await worker.ask("start", { worker: this.number, settings, logLevel: logLevel() });
    await admit(worker);
  }

  /** On the ports of another worker, or where there is none yet, of the settings. Rejects with a `WorkerError`. */
  async listen(ports: TrafficPorts | undefined): Promise<TrafficPorts> {
    const worker = this.#worker;
    if (worker === undefined) throw new WorkerError("worker_gone", `worker ${this.number} ended`);
    this.#ports = await worker.ask("listen", ports ?? null);
    if (this.#state === "starting") this.#state = "serving";
    this.#servingSince = this.#options.clock.now();
    return this.#ports;
  }

  /** Ends the worker if it does not turn any more. */
  async check(): Promise<void> {
    const worker = this.serving;
    try {
      await worker?.ask("notReady", null);
    } catch (thrown) {
      if (!(thrown instanceof WorkerError) || thrown.code !== "worker_silent") return;
      if (worker !== this.#worker) return;
      this.#silent = true;
      worker?.kill();
    }
  }

  /** Lets the worker drain; resolves when it has ended. From now on nobody is replaced. */
  async drain(delay: number, deadline: number): Promise<void> {
    const worker = this.serving;
    this.#stop("draining");
    // Who does not listen yet has nothing to drain.
    if (worker === undefined) this.#worker?.kill();
    else await worker.ask("drain", { delay, deadline }).catch(() => worker.kill());
    await this.#worker?.ended;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop("ended");
    await this.#worker?.[Symbol.asyncDispose]();
  }

  #stop(state: "draining" | "ended"): void {
    this.#state = state;
    this.#retry?.[Symbol.dispose]();
  }

  #ended(worker: WorkerProcess, end: WorkerEnd): void {
    const { clock, log, dismiss, onDeath } = this.#options;
    this.#worker = undefined;
    dismiss(worker);
    if (this.#state === "draining" || this.#state === "ended") return this.#stop("ended");
    const cause = this.#silent ? "silent" : end.signal === null ? "exit" : "signal";
    onDeath(cause);
    if (this.#state === "serving" && clock.now() - this.#servingSince >= STEADY) this.#backoff.reset();
    // Whoever waits for the first start hears that it failed.
    if (this.#ports === undefined) return this.#stop("ended");
    const delay = this.#replaceLater();
    log.error(
      { worker: this.number, pid: worker.pid, cause, ...end, delay },
      "a worker ended and is replaced",
    );
  }

  /** In how many ms. */
  #replaceLater(): number {
    this.#state = "waiting";
    const delay = this.#backoff.next();
    this.#retry = this.#options.clock.after(delay, () => void this.#replace());
    return delay;
  }

  async #replace(): Promise<void> {
    const { log, onReplaced } = this.#options;
    this.#state = "starting";
    try {
      await this.start();
      await this.listen(this.#ports);
      log.info({ worker: this.number, pid: this.pid }, "a worker was replaced");
      onReplaced();
    } catch (thrown) {
      log.error({ worker: this.number, detail: messageOf(thrown) }, "a worker could not be replaced yet");
      this.#worker?.kill();
      // Of one that could not be made no end is heard.
      if (this.#worker === undefined && this.#state === "starting") this.#replaceLater();
    }
  }
}
