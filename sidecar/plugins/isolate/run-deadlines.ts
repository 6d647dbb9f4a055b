import type { Clock, Timer } from "../../../core/clock.ts";
import type { FailureCause } from "../../chain/verdict.ts";
import type { PendingRun, Sending } from "./pending-run.ts";
import type { PluginHost } from "./plugin-host.ts";
import type { RunDispatcher, RunHosts } from "./run-dispatcher.ts";

/** Milliseconds between two looks at what is under way; deadlines are kept this coarsely. */
const TICK = 10;
/** ms beyond all timeouts after which a host that is not late has lost a run: it watches the timeouts itself. */
const UNWATCHED = 250;
/** ms between two looks that mean that the sidecar itself stood still: what arrived meanwhile is not read yet. */
const STOOD_STILL = 100;
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
  #lookedAt = 0;
  /** When the sidecar was last seen to have stood still. */
  #awakeSince = 0;

  constructor(dispatcher: RunDispatcher, hosts: RunHosts, clock: Clock) {
    this.#dispatcher = dispatcher;
    this.#hosts = hosts;
    this.#clock = clock;
    // After the poll phase: an answer that has arrived, while we were late ourselves, is read before it is missed.
    const look = (): void => this.#look();
    dispatcher.onWork = () => {
      this.#idle = 0;
      if (this.#timer !== undefined) return;
      this.#lookedAt = clock.now();
      this.#timer = clock.every(TICK, () => setImmediate(look)).unref();
    };
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
  }

  #look(): void {
    if (this.#timer === undefined) return;
    const now = this.#clock.now();
    if (now - this.#lookedAt > STOOD_STILL) this.#awakeSince = now;
    this.#lookedAt = now;
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
    host.pingIfSilent();
    const { holder, stuck } = host;
    const look = { host, other, holder, stuck, now: this.#clock.now() };
    for (const sending of host.inFlight) this.#lookAt(sending, look);
    return busy;
  }

  #lookAt(sending: Sending, look: Look): void {
    const { host, other, holder, stuck, now } = look;
    const { run } = sending;
    if (run.settled) return;
    if (now >= deadlineOf(run)) return run.fail(this.#causeAtDeadline(run, look), "no answer in time");
    if (run.sendings.length > 1 || run.call.background) return;
    // Whoever needs the plugin that has the CPU is not moved: it could take the other host's CPU too.
    const culprit = this.#dispatcher.holdsUp(run, holder);
    const { sentAt, budget } = sending;
    if (culprit >= 0) return stuck && now >= sentAt + budget ? this.#timeOut(sending, culprit) : undefined;
    if (host.late) this.#move(run, other);
    // A host that was late has only now read what was sent meanwhile, and so have we where we were late ourselves: the
    // time of its plugins begins here.
    else if (now >= Math.max(sentAt, host.timelySince, this.#awakeSince) + budget + UNWATCHED)
      this.#timeOut(sending, sending.picked[0] ?? 0);
  }

  /** Whoever waits in a late host is asked in the other one as well; the first answer counts. */
  #move(run: PendingRun, other: PluginHost | undefined): void {
    if (other === undefined || other.late || other.congested || !this.#dispatcher.canAnswer(other, run))
      return;
    this.#dispatcher.counts.moved++;
    this.#dispatcher.sendTo(run, other);
  }

  /** One plugin has had its time; those behind it are asked without it. */
  #timeOut(sending: Sending, culprit: number): void {
    const { run } = sending;
    run.drop(sending);
    sending.carrier.forget(sending.id);
    run.preset(culprit, "timeout", "no answer within its timeout");
    this.#dispatcher.dispatch(run);
  }

  #lookAtWaiting(run: PendingRun): void {
    if (!run.settled && this.#clock.now() >= deadlineOf(run))
      run.fail(() => "host_gone", "no plugin host is running");
    if (run.settled) this.#dispatcher.waiting.delete(run);
  }

  /** Who only waited is not to blame. */
  #causeAtDeadline(run: PendingRun, { host, holder, stuck }: Look): (index: number) => FailureCause {
    if (!host.late && !run.call.background) return () => "chain_deadline";
    const culprit = stuck ? this.#dispatcher.holdsUp(run, holder) : -1;
    return (index) => (index === culprit ? "timeout" : "host_busy");
  }
}

/** One host at one look. */
interface Look {
  readonly host: PluginHost;
  readonly other: PluginHost | undefined;
  /** See `PluginHost`. */
  readonly holder: number;
  readonly stuck: boolean;
  readonly now: number;
}

/** Nobody waits for what runs in the background: the plugin's own timeout comes first. */
function deadlineOf({ call }: PendingRun): number {
  return call.background ? call.deadline + TICK : call.deadline;
}
