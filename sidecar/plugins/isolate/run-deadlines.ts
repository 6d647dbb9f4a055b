import type { Clock, Timer } from "../../../core/clock.ts";
import type { FailureCause } from "../../chain/verdict.ts";
import type { PendingRun, Sending } from "./pending-run.ts";
import type { PluginHost } from "./plugin-host.ts";
import type { RunDispatcher, RunHosts } from "./run-dispatcher.ts";

/** Milliseconds between two looks at what is under way; deadlines are kept this coarsely. */
const TICK = 10;
/** Looks without any work after which the timer stops. */
const IDLE_TICKS = 50;

/**
 * Keeps runs from waiting for ever, without a timer for each. While anything is under way it looks every 10 ms: is a
 * host late, may its queue move to the standby, is anybody past the deadline.
 */
export class RunDeadlines implements Disposable {
  readonly #dispatcher: RunDispatcher;
  readonly #hosts: RunHosts;
  readonly #clock: Clock;
  #timer: Timer | undefined;
  #idle = 0;

  constructor(dispatcher: RunDispatcher, hosts: RunHosts, clock: Clock) {
    this.#dispatcher = dispatcher;
    this.#hosts = hosts;
    this.#clock = clock;
    // After the poll phase: an answer that has arrived, while we were late ourselves, is read before it is missed.
    const look = (): void => this.#look();
    dispatcher.onWork = () => {
      this.#idle = 0;
      this.#timer ??= clock.every(TICK, () => setImmediate(look)).unref();
    };
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#timer === undefined) return;
    const { active, standby } = this.#hosts;
    active?.judgeLateness();
    standby?.judgeLateness();
    const busy =
      this.#attend(active, standby) + this.#attend(standby, active) + this.#dispatcher.waiting.size;
    for (const run of this.#dispatcher.waiting) this.#lookAtWaiting(run);
    if (busy > 0) this.#idle = 0;
    else if (++this.#idle > IDLE_TICKS) this[Symbol.dispose]();
  }

  /** Looks at one host's runs; returns how many it has. */
  #attend(host: PluginHost | undefined, other: PluginHost | undefined): number {
    const busy = host?.inFlight.size ?? 0;
    if (host === undefined || busy === 0) return 0;
    host.ping();
    const onCpu = host.late ? host.onCpu : 0;
    const now = this.#clock.now();
    for (const sending of host.inFlight.values()) this.#lookAt(sending, host, other, onCpu, now);
    return busy;
  }

  #lookAt(
    sending: Sending,
    host: PluginHost,
    other: PluginHost | undefined,
    onCpu: number,
    now: number,
  ): void {
    const { run } = sending;
    if (run.settled) return;
    if (now >= deadlineOf(run)) return run.fail(this.#causeAtDeadline(run, host, onCpu), "no answer in time");
    if (run.sendings.length > 1 || run.call.background) return;
    if (host.late && this.#move(run, other, onCpu)) return;
    if (now >= sending.due) this.#overdue(sending, host, onCpu);
  }

  /** The late host's queue: whoever does not need the plugin on the CPU is asked in the other host as well. */
  #move(run: PendingRun, other: PluginHost | undefined, onCpu: number): boolean {
    if (other === undefined || other.late || other.congested || !this.#dispatcher.canAnswer(other, run))
      return false;
    if (this.#holdsUp(run, onCpu) >= 0) return false;
    this.#dispatcher.counts.moved++;
    this.#dispatcher.sendTo(run, other);
    return true;
  }

  /** Its plugins have had their time. One that ran is timed out, one that only waited is not to blame. */
  #overdue(sending: Sending, host: PluginHost, onCpu: number): void {
    const { run } = sending;
    const [first] = sending.picked;
    const culprit = host.late ? this.#holdsUp(run, onCpu) : (first ?? -1);
    if (culprit < 0)
      return run.fail(() => "host_busy", "its plugin host is busy and there is no standby to take it");
    run.drop(sending);
    host.forget(sending.id);
    run.preset(culprit, "timeout", "no answer within its timeout");
    this.#dispatcher.dispatch(run);
  }

  #lookAtWaiting(run: PendingRun): void {
    if (!run.settled && this.#clock.now() >= deadlineOf(run))
      run.fail(() => "host_gone", "no plugin host is running");
    if (run.settled) this.#dispatcher.waiting.delete(run);
  }

  #causeAtDeadline(run: PendingRun, host: PluginHost, onCpu: number): (index: number) => FailureCause {
    if (run.call.background) return () => "host_busy";
    if (!host.late) return () => "chain_deadline";
    return (index) => (this.#dispatcher.loadOf(run, index) === onCpu ? "timeout" : "host_busy");
  }

  /** Which of the run's asks means the plugin on the CPU; -1: none. */
  #holdsUp(run: PendingRun, onCpu: number): number {
    if (onCpu === 0) return -1;
    return run.picks().find((index) => this.#dispatcher.loadOf(run, index) === onCpu) ?? -1;
  }
}

/** Nobody waits for what runs in the background: the plugin's own timeout comes first. */
function deadlineOf({ call }: PendingRun): number {
  return call.background ? call.deadline + TICK : call.deadline;
}
