import { BatchMessages } from "./batch-messages.ts";
import type { CpuMeter } from "./cpu-meter.ts";
import type { HostLink } from "./effects.ts";
import type { FetchCall } from "./entry-output.ts";
import type { Generation } from "./generation.ts";
import { MAX_BACKGROUND_RUNS, SWEEP_AFTER } from "./limits.ts";
import { LiveRuns } from "./live-runs.ts";
import { loadGeneration } from "./load-generation.ts";
import { JoinedEdits } from "./protocol/edits-text.ts";
import type { BreadcrumbWriter } from "./protocol/breadcrumb.ts";
import type {
  Failure,
  FetchResponse,
  FromHost,
  IdleTimers,
  Load,
  Ping,
  Run,
  ToHost,
  Unload,
} from "./protocol/messages.ts";
import { failedAnswer, timed } from "./entry-result.ts";
import { ReadyRuns } from "./ready-runs.ts";
import { SegmentRun } from "./segment-run.ts";
import type { WorldSource } from "./world-source.ts";

/** What the host was started with. */
export interface HostEnvironment {
  readonly source: WorldSource;
  readonly breadcrumb: BreadcrumbWriter;
  readonly meter: CpuMeter;
  send(frame: FromHost): void;
}

/** The host's side of the conversation of host.proto: generations, and the runs that go through them. */
export class PluginHost implements HostLink {
  readonly #environment: HostEnvironment;
  readonly #generations = new Map<number, Generation>();
  readonly #runs = new LiveRuns();
  readonly #ready = new ReadyRuns();
  readonly #messages = new BatchMessages();
  readonly #joined = new JoinedEdits();
  readonly #ranOn = (run: SegmentRun): void => this.#goOn(run);
  readonly #background: SegmentRun[] = [];
  readonly #fetches = new Map<number, (answer: FetchResponse) => void>();
  readonly #sweeps = new Set<{ sweep(): void }>();
  #timers: IdleTimers = "due";
  #lastFetch = 0;
  #sweepDue = false;
  #backgroundDue = false;

  constructor(environment: HostEnvironment) {
    this.#environment = environment;
  }

  frame(frame: ToHost): void {
    switch (frame.kind) {
      case "run":
        return this.#run(frame);
      case "cancel":
        return this.#cancel(frame.id);
      case "ping":
        return this.#ping(frame);
      case "fetched":
        return this.#fetched(frame);
      case "keyValue":
        return this.#generations.get(frame.generation)?.synchronise(frame);
      case "load":
        return this.#load(frame);
      case "unload":
        return void this.#unload(frame);
    }
  }

  /** Lets every run go on that can; afterwards nobody has the CPU. */
  turn(): void {
    for (let group = this.#ready.take(); group !== undefined; group = this.#ready.take()) {
      const { runs } = group;
      const generation = this.#generations.get(group.generation);
      if (generation !== undefined && runs.length > 1) generation.askMany(runs.map((run) => run.ask()));
      else for (const run of runs) if (run.step(generation)) this.#goOn(run);
    }
    this.#messages.clear();
    this.#environment.breadcrumb.idle();
  }

  get timers(): IdleTimers {
    return this.#timers;
  }

  send(frame: FromHost): void {
    this.#environment.send(frame);
  }

  fetch(generation: number, call: FetchCall, done: (answer: FetchResponse) => void): () => void {
    const id = ++this.#lastFetch;
    this.#fetches.set(id, done);
    this.send({ kind: "fetch", id, generation, ...call, body: Buffer.from(call.body) });
    return () => void this.#fetches.delete(id);
  }

  sweepSoon(generation: { sweep(): void }): void {
    this.#sweeps.add(generation);
    if (this.#sweepDue) return;
    this.#sweepDue = true;
    setTimeout(() => this.#sweep(), SWEEP_AFTER);
  }

  #ping({ sequence, timers }: Ping): void {
    this.send({ kind: "pong", sequence });
    const promoted = this.#timers !== "due" && timers === "due";
    this.#timers = timers;
    if (promoted) for (const generation of this.#generations.values()) generation.hasten();
  }

  #run(frame: Run): void {
    const run = new SegmentRun(frame, this.#joined, this.#ranOn);
    this.#runs.add(run);
    if (!frame.background) this.#goOn(run);
    else if (this.#background.length < MAX_BACKGROUND_RUNS) {
      this.#background.push(run);
      this.#backgroundSoon();
    } else this.#answer(run, "queue_full");
  }

  /** To the next plugin with it, or back to who asked. */
  #goOn(run: SegmentRun): void {
    if (run.over) this.#answer(run);
    else this.#ready.add(run);
  }

  #answer(run: SegmentRun, refused?: "queue_full"): void {
    const { id, entries } = run.run;
    if (!this.#runs.remove(run)) return;
    const results =
      refused === undefined
        ? run.results
        : entries.map(() => timed(failedAnswer(refused, "too much waits for a quiet moment"), 0, 0));
    this.send({ kind: "ran", id, results });
  }

  #cancel(id: number): void {
    const run = this.#runs.find(id);
    if (run === undefined) return;
    this.#generations.get(run.next)?.abandon(run);
    run.cancel();
    this.#answer(run);
  }

  #fetched(answer: FetchResponse): void {
    const done = this.#fetches.get(answer.id);
    this.#fetches.delete(answer.id);
    done?.(answer);
  }

  #load(load: Load): void {
    const { generation: id } = load;
    const { source, breadcrumb, meter } = this.#environment;
    const { generation, done } = loadGeneration(load, {
      source,
      breadcrumb,
      meter,
      link: this,
      messages: this.#messages,
    });
    if (generation !== undefined) this.#generations.set(id, generation);
    void this.#loaded(id, done);
  }

  async #loaded(id: number, done: Promise<Failure | undefined>): Promise<void> {
    const error = await done;
    if (error !== undefined) this.#generations.delete(id);
    this.send({ kind: "loaded", generation: id, error });
    this.turn();
  }

  async #unload({ generation: id, abandon }: Unload): Promise<void> {
    const generation = this.#generations.get(id);
    let error;
    if (abandon) generation?.dispose();
    else error = await generation?.end();
    this.#generations.delete(id);
    this.send({ kind: "unloaded", generation: id, error });
    this.turn();
  }

  #sweep(): void {
    this.#sweepDue = false;
    const sweeps = [...this.#sweeps];
    this.#sweeps.clear();
    for (const generation of sweeps) generation.sweep();
    this.turn();
  }

  /** One in each turn of the event loop, which reads what arrived before. */
  #backgroundSoon(): void {
    if (this.#backgroundDue) return;
    this.#backgroundDue = true;
    setImmediate(() => {
      this.#backgroundDue = false;
      const run = this.#background.shift();
      if (run !== undefined && !run.over) this.#goOn(run);
      this.turn();
      if (this.#background.length > 0) this.#backgroundSoon();
    });
  }
}
