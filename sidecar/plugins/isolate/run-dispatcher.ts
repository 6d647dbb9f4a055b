import type { Clock } from "../../../core/clock.ts";
import type { AskResult, SegmentCall, SegmentHandle, SegmentRunner } from "../../chain/runner.ts";
import type { FailureCause } from "../../chain/verdict.ts";
import { editsText } from "../../plugin-host/protocol/edits-text.ts";
import { messageText } from "../../plugin-host/protocol/message-text.ts";
import type { EntryResult, Ran, RunEntry } from "../../plugin-host/protocol/messages.ts";
import { KeptShapes } from "../../../core/kept-shapes.ts";
import { headerLines } from "./header-lines.ts";
import { HostAnswers } from "./host-answer.ts";
import { PendingRun, type Sending } from "./pending-run.ts";
import type { PluginHost } from "./plugin-host.ts";

/** What may be asked, by the generation's number; `load` is its name in the hosts. */
export interface Askable {
  readonly load: number;
  /** ms on the CPU that one answer may take. */
  readonly cpu: number;
  readonly fault: FailureCause | undefined;
  readonly faultDetail: string | undefined;
  readonly answers: HostAnswers;
}

/** The hosts as the dispatcher needs them; a `HostPair` is one. */
export interface RunHosts {
  readonly active: PluginHost | undefined;
  readonly standby: PluginHost | undefined;
}

/** Numbers since the beginning, for metrics. */
export interface RunCounts {
  /** Segments that were to be run; how many round trips it took is in `sent`. */
  asked: number;
  sent: number;
  /** Sent once more because its host had died. */
  resent: number;
  /** Sent to the other host too because its own was late. */
  moved: number;
}

/** Beyond the sum of its plugins' timeouts, ms: the host watches those, this is for when it cannot. */
const GRACE = 20;
/** Deaths of hosts that one run survives. */
const MAX_ATTEMPTS = 4;
/** Runs that wait while there is no host. */
const MAX_WAITING = 8192;
const MICROS_PER_MILLI = 1_000;

/**
 * Asks segments in the active host, and sees to it that each run is answered once: by the standby when the host dies
 * or is late, by the plugins' failure when nobody can. Has no timer for each run; `RunDeadlines` looks after them.
 */
export class RunDispatcher implements SegmentRunner {
  readonly counts: RunCounts = { asked: 0, sent: 0, resent: 0, moved: 0 };
  /** Runs that no host has: there is none. */
  readonly waiting = new Set<PendingRun>();
  /** Told with the first run after `waiting` and the hosts had none. */
  onWork: () => void = () => undefined;
  readonly #hosts: RunHosts;
  readonly #instances: ReadonlyMap<number, Askable>;
  readonly #clock: Clock;
  readonly #shapes = new KeptShapes();
  #stopped = false;

  constructor(hosts: RunHosts, instances: ReadonlyMap<number, Askable>, clock: Clock) {
    this.#hosts = hosts;
    this.#instances = instances;
    this.#clock = clock;
  }

  run(segment: SegmentCall, done: (results: readonly AskResult[]) => void): SegmentHandle {
    const run = new PendingRun(segment, done);
    this.counts.asked++;
    if (!this.#stopped) this.onWork();
    this.dispatch(run);
    return run;
  }

  /** Asks one plugin in the standby only: if that dies of it, no traffic notices. */
  probe(segment: SegmentCall, done: (result: AskResult | undefined) => void): void {
    const run = new PendingRun(segment, ([result]) => done(result));
    const { standby } = this.#hosts;
    this.onWork();
    if (standby === undefined || standby.late || standby.congested)
      return run.fail(() => "host_busy", "there is no idle standby host to probe in");
    this.#markUnable(run, standby);
    this.sendTo(run, standby);
  }

  /** Sends a run, again if need be, to whoever can take it. */
  dispatch(run: PendingRun): void {
    const host = this.#hostFor(run);
    if (host === undefined) return this.#wait(run);
    this.#markUnable(run, host);
    if (host.congested) return run.fail(() => "queue_full", "too much is under way in the plugin host");
    this.sendTo(run, host);
  }

  /** There will be no host any more: what waits fails, and whatever comes. */
  stop(): void {
    this.#stopped = true;
    this.resume();
  }

  /** A host has come up: what waited goes to it. */
  resume(): void {
    const waiting = [...this.waiting];
    this.waiting.clear();
    for (const run of waiting) if (!run.settled) this.dispatch(run);
  }

  /** Sends what is still to be asked to this host, whatever else is under way for the run. */
  sendTo(run: PendingRun, host: PluginHost): void {
    const picked = run.picks();
    if (picked.length === 0) return run.finish();
    const entries: RunEntry[] = [];
    let budget = GRACE;
    for (const index of picked) {
      const ask = run.call.asks[index];
      if (ask === undefined) continue;
      const generation = this.#instances.get(ask.target.generation)?.load ?? 0;
      entries.push({ generation, tag: ask.tag, stopOnFailure: ask.failurePolicy === "closed" });
      budget += ask.timeout;
    }
    const sentAt = this.#clock.now();
    const { presets } = run;
    const sending = { id: host.inFlight.nextId(), run, carrier: host, picked, presets, sentAt, budget };
    run.sendings.push(sending);
    run.attempts++;
    this.counts.sent++;
    const { message, edits, background } = run.call;
    host.run(sending, {
      kind: "run",
      id: sending.id,
      message: messageText(message, run.attempts, headerLines(message.headers)),
      edits: editsText(edits),
      entries,
      background,
    });
  }

  /** A host answered. */
  ran(host: PluginHost, sending: Sending, { results }: Ran): void {
    const { run } = sending;
    run.drop(sending);
    this.#shapes.keep(sending);
    if (this.#askAgain(host, sending, results)) return;
    if (run.answer(sending, this.#understood(sending, results))) return;
    // Whoever answers another question than was asked has lost its way; its end sends the run elsewhere.
    run.sendings.push(sending);
    host.inFlight.add(sending);
    host.kill("garbage");
  }

  /**
   * A host is gone, and its successor known. Asks of the generation to blame fail with `crash`, wherever they are
   * under way; everybody else's runs go to the successor.
   */
  hostEnded(host: PluginHost, culprit: number | undefined, how: string): void {
    const orphans = new Set([...host.inFlight].map(({ run }) => run));
    for (const sending of host.inFlight) sending.run.drop(sending);
    host.inFlight.clear();
    if (culprit !== undefined)
      for (const other of [this.#hosts.active, this.#hosts.standby])
        if (other !== undefined) this.#withdraw(other, culprit, orphans);
    for (const run of orphans) {
      if (culprit !== undefined) this.#presetCrash(run, culprit, how);
      this.#adopt(run, how);
    }
  }

  /** Takes runs of a plugin that is to blame back from where they are under way. */
  #withdraw(host: PluginHost, culprit: number, taken: Set<PendingRun>): void {
    for (const sending of host.inFlight) {
      const { run, picked } = sending;
      if (!picked.some((index) => run.call.asks[index]?.target.generation === culprit)) continue;
      run.drop(sending);
      host.forget(sending.id);
      taken.add(run);
    }
  }

  #presetCrash(run: PendingRun, culprit: number, how: string): void {
    const detail = `it had the CPU when its plugin host ended: ${how}`;
    for (const [index, { target }] of run.call.asks.entries())
      if (target.generation === culprit) run.preset(index, "crash", detail);
  }

  /** What one generation was asked in this host and has not answered, wanted or not: what may have killed it. */
  underWay(host: PluginHost, generation: number): readonly SegmentCall[] {
    const calls: SegmentCall[] = [];
    for (const { run, picked } of host.unanswered) {
      const asks = picked.flatMap((index) => run.call.asks[index] ?? []);
      const own = asks.filter(({ target }) => target.generation === generation);
      if (own.length > 0) calls.push({ ...run.call, asks: own });
    }
    return calls;
  }

  /** Whether every plugin that the run still has to ask is in this host. */
  canAnswer(host: PluginHost, run: PendingRun): boolean {
    return run.picks().every((index) => host.loads.has(this.loadOf(run, index)));
  }

  /** The load that one ask of a run means; 0: none that is known. */
  loadOf(run: PendingRun, index: number): number {
    return this.#instanceOf(run, index)?.load ?? 0;
  }

  /** Which of the run's asks means this load; -1: none. */
  holdsUp(run: PendingRun, load: number): number {
    if (load === 0) return -1;
    return run.picks().find((index) => this.loadOf(run, index) === load) ?? -1;
  }

  #understood({ run, picked }: Sending, results: readonly EntryResult[]): AskResult[] {
    const understood: AskResult[] = [];
    for (let at = 0; at < results.length; at++) {
      const result = results[at];
      const answers = this.#instanceOf(run, picked[at] ?? -1)?.answers ?? new HostAnswers();
      if (result !== undefined) understood.push(answers.resultOf(result));
    }
    return understood;
  }

  /** A plugin was cut off because the machine was busy, which is not its fault: another try may be luckier. */
  #askAgain(host: PluginHost, sending: Sending, results: readonly EntryResult[]): boolean {
    const { run } = sending;
    if (run.settled || run.call.background || !results.some(cutOff)) return false;
    const convicted = this.#convict(sending, results);
    // It is being asked elsewhere already.
    if (run.sendings.length > 0) return true;
    if (!convicted && run.attempts >= MAX_ATTEMPTS) return false;
    const { active, standby } = this.#hosts;
    const other = host === active ? standby : active;
    const able = other !== undefined && !other.late && !other.congested && this.canAnswer(other, run);
    this.counts.moved++;
    this.sendTo(run, able ? other : host);
    return true;
  }

  /** Cut off again and again, a plugin may have used its budget all the same: that is its fault. */
  #convict({ run, picked }: Sending, results: readonly EntryResult[]): boolean {
    let convicted = false;
    for (const [at, result] of results.entries()) {
      const index = picked[at];
      if (index === undefined || !cutOff(result)) continue;
      const budget = this.#instanceOf(run, index)?.cpu ?? Infinity;
      if (run.spend(index, result.micros / MICROS_PER_MILLI) < budget) continue;
      run.preset(index, "cpu", `more than ${budget} ms on the CPU in ${run.attempts} attempts`);
      convicted = true;
    }
    return convicted;
  }

  #adopt(run: PendingRun, how: string): void {
    // The other host is at it already.
    if (run.settled || run.sendings.length > 0) return;
    if (run.call.background) return run.fail(() => "host_gone", `its plugin host ended: ${how}`);
    if (run.attempts >= MAX_ATTEMPTS)
      return run.fail(() => "host_gone", `${run.attempts} plugin hosts ended`);
    this.counts.resent++;
    this.dispatch(run);
  }

  #instanceOf(run: PendingRun, index: number): Askable | undefined {
    const generation = run.call.asks[index]?.target.generation;
    return generation === undefined ? undefined : this.#instances.get(generation);
  }

  #hostFor(run: PendingRun): PluginHost | undefined {
    const { active, standby } = this.#hosts;
    if (active === undefined || !active.late || standby === undefined || standby.late) return active;
    if (run.call.background || standby.congested || !this.canAnswer(standby, run)) return active;
    return this.holdsUp(run, active.holder) < 0 ? standby : active;
  }

  /** Fixes the verdict of each that this host cannot ask. */
  #markUnable(run: PendingRun, host: PluginHost): void {
    const { asks } = run.call;
    for (let index = 0; index < asks.length; index++) {
      const target = asks[index]?.target;
      const instance = target === undefined ? undefined : this.#instances.get(target.generation);
      if (instance === undefined) run.preset(index, "not_loaded", "this generation is not loaded any more");
      else if (instance.fault !== undefined) run.preset(index, instance.fault, instance.faultDetail ?? "");
      else if (!host.loads.has(instance.load))
        run.preset(index, "not_loaded", "it could not be loaded into the plugin host that took over");
    }
  }

  #wait(run: PendingRun): void {
    if (this.#stopped || run.call.background) return run.fail(() => "host_gone", "no plugin host is running");
    if (this.waiting.size >= MAX_WAITING) return run.fail(() => "queue_full", "no plugin host is running");
    this.waiting.add(run);
  }
}

function cutOff({ failure }: EntryResult): boolean {
  return failure?.cause === "host_busy";
}
