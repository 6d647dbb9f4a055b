import type { Clock, Timer } from "../../core/clock.ts";
import type { NodeMessage } from "../../proto/gen/mesh/v1/NodeMessage.ts";
import type { PluginReport } from "../../proto/gen/mesh/v1/PluginReport.ts";
import type { ReportKind } from "../../proto/gen/mesh/v1/ReportKind.ts";
import { DEFAULT_INTERVALS, type ReportIntervals } from "./intervals.ts";
import type { NodeView } from "./node-view.ts";
import { ReportedPlugins } from "./reported-plugins.ts";

export interface ReporterOptions {
  readonly look: () => Promise<NodeView>;
  /** Every plugin of the node as it is now. */
  readonly plugins: (view: NodeView) => readonly PluginReport[];
  /** The control plane knows of these that they are gone. */
  readonly onConfirmedRemoval: (plugin: PluginReport) => void;
  readonly clock: Clock;
  /** Of the jitter. Default `Math.random`. */
  readonly random?: () => number;
}

/** Changes come in bursts: they are told together, after so many ms. */
const GATHER = 100;
/** ms within which everything is sent when the control plane asks for it. */
const SOON = 1_000;

/** ms between two looks at whether a plugin is as it was: it trips and is quarantined where nobody hears of it. */
const LOOK = 1_000;
/** ms at least between two changes that are found by looking: a plugin may trip and answer again all the time. */
const CALM = 5_000;

/** Tells the control plane how the node's plugins are: by heartbeat, when something changed, by scan, in full daily. */
export class Reporter implements Disposable {
  readonly #options: ReporterOptions;
  readonly #random: () => number;
  readonly #reported = new ReportedPlugins();
  readonly #timers = new Map<ReportKind, Timer>();
  #intervals: ReportIntervals = DEFAULT_INTERVALS;
  #send: ((message: NodeMessage) => void) | undefined;
  #sequence = 0;
  #lastStatus = -Infinity;
  #watching: Timer | undefined;
  /** How plugins were when they were looked at last, as text; undefined: in this session they were not yet. */
  #seen: string | undefined;
  #calmUntil = -Infinity;
  #exchanges = 0;

  constructor(options: ReporterOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  /** A session has begun: reports go there. */
  begin(intervals: ReportIntervals, send: (message: NodeMessage) => void): void {
    this.end();
    this.#send = send;
    this.#intervals = intervals;
    this.#sequence = 0;
    this.#later("HEARTBEAT", intervals.heartbeat * this.#random());
    this.#later("SCAN", intervals.scan + intervals.jitter * this.#random());
    this.#later("INVENTORY", intervals.jitter * this.#random());
    this.#watch(send);
  }

  /** The session is over; what was not confirmed counts as never sent. */
  end(): void {
    this.#send = undefined;
    this.#seen = undefined;
    this.#watching?.[Symbol.dispose]();
    this.#reported.forgetUnconfirmed();
    for (const timer of this.#timers.values()) timer[Symbol.dispose]();
    this.#timers.clear();
  }

  /** Something about the plugins may have changed. */
  changed(): void {
    if (this.#send !== undefined && !this.#timers.has("CHANGES")) this.#later("CHANGES", GATHER);
  }

  confirmed(sequence: number, intervals: ReportIntervals | undefined, wantComplete: boolean): void {
    for (const gone of this.#reported.confirm(sequence)) this.#options.onConfirmedRemoval(gone);
    if (intervals !== undefined) this.#adopt(intervals);
    if (wantComplete) this.#later("INVENTORY", Math.min(SOON, this.#intervals.jitter) * this.#random());
  }

  [Symbol.dispose](): void {
    this.end();
  }

  #adopt(intervals: ReportIntervals): void {
    const before = this.#intervals;
    this.#intervals = intervals;
    if (intervals.heartbeat !== before.heartbeat) this.#later("HEARTBEAT", intervals.heartbeat);
    if (intervals.scan !== before.scan) this.#later("SCAN", intervals.scan);
    if (intervals.inventory !== before.inventory) this.#later("INVENTORY", intervals.inventory);
  }

  #watch(send: (message: NodeMessage) => void): void {
    const look = async (): Promise<void> => {
      const plugins = this.#options.plugins(await this.#options.look());
      if (send !== this.#send) return;
      this.#compare(JSON.stringify(plugins));
      this.#watch(send);
    };
    this.#watching = this.#options.clock.after(LOOK, () => void look()).unref();
  }

  #compare(now: string): void {
    if (now === this.#seen) return;
    const time = this.#options.clock.now();
    const first = this.#seen === undefined;
    // What still differs when it is calm again is told then.
    if (!first && time < this.#calmUntil) return;
    this.#seen = now;
    if (first) return;
    this.#calmUntil = time + CALM;
    this.changed();
  }

  #later(kind: ReportKind, delay: number): void {
    this.#timers.get(kind)?.[Symbol.dispose]();
    const timer = this.#options.clock.after(delay, () => {
      this.#timers.delete(kind);
      void this.#report(kind);
    });
    this.#timers.set(kind, timer.unref());
  }

  async #report(kind: ReportKind): Promise<void> {
    const { heartbeat, scan, inventory } = this.#intervals;
    if (kind === "HEARTBEAT") this.#later(kind, heartbeat);
    if (kind === "SCAN") this.#later(kind, scan);
    if (kind === "INVENTORY") this.#later(kind, inventory);
    const send = this.#send;
    const view = await this.#options.look();
    // Meanwhile the session may have ended.
    if (send === undefined || send !== this.#send) return;
    const plugins = this.#holdsStatus(kind) ? this.#options.plugins(view) : undefined;
    this.#sendReport(kind, plugins, view, send);
  }

  /** A report that nothing prompted is not close to another one. */
  #holdsStatus(kind: ReportKind): boolean {
    if (kind === "CHANGES" || kind === "INVENTORY") return true;
    return this.#options.clock.now() - this.#lastStatus >= this.#intervals.avoid;
  }

  #sendReport(
    kind: ReportKind,
    plugins: readonly PluginReport[] | undefined,
    { inFlight, exchanges }: NodeView,
    send: (message: NodeMessage) => void,
  ): void {
    const complete = plugins !== undefined && (kind === "INVENTORY" || this.#intervals.full);
    const told = plugins === undefined || complete ? plugins : this.#reported.changesIn(plugins);
    if (kind !== "HEARTBEAT" && (told === undefined || (told.length === 0 && !complete))) return;
    const sequence = ++this.#sequence;
    if (told !== undefined && (told.length > 0 || complete)) {
      this.#lastStatus = this.#options.clock.now();
      this.#reported.sent(sequence, told, complete);
    }
    const since = Math.max(0, exchanges - this.#exchanges);
    this.#exchanges = exchanges;
    send({
      status: { sequence, kind, complete, plugins: [...(told ?? [])], inFlight, exchanges: since },
    });
  }
}
