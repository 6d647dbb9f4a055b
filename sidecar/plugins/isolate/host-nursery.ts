import type { Clock, Timer } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import { describeExit, type HostExit } from "./host-exit.ts";
import type { HostCommand } from "./host-process.ts";
import { PluginHost, type HostReceiver } from "./plugin-host.ts";
import { HEARTBEAT, Watchdog, type WatchdogLimits } from "./watchdog.ts";

export interface HostNurseryOptions {
  readonly command: HostCommand;
  readonly receiver: HostReceiver;
  readonly limits: WatchdogLimits;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Numbers of the hosts of this process, since its beginning; for metrics. */
export interface HostCounts {
  started: number;
  /** Ended without our having asked for it, or killed by the watchdog. */
  died: number;
}

/** From spawn to Hello; a machine under load is slow to start a process. */
const START_TIMEOUT = 15_000;

/** Makes plugin hosts and looks after each until it is gone: start, heartbeat, memory, the report of its end. */
export class HostNursery implements AsyncDisposable {
  readonly counts: HostCounts = { started: 0, died: 0 };
  readonly #options: HostNurseryOptions;
  readonly #hosts = new Set<PluginHost>();
  /** Of the hosts that have started: before, they cannot answer a Ping. */
  readonly #dogs = new Map<PluginHost, Watchdog>();
  readonly #heartbeat: Timer;

  constructor(options: HostNurseryOptions) {
    this.#options = options;
    // After the poll phase, so that what a host said meanwhile is known before it is judged.
    const look = (): void => {
      for (const dog of this.#dogs.values()) dog.look();
    };
    this.#heartbeat = options.clock.every(HEARTBEAT, () => setImmediate(look)).unref();
  }

  /** Processes that have started and run, and their resident bytes at the last heartbeat. */
  get running(): readonly { readonly pid: number; readonly resident: number }[] {
    return Array.from(this.#dogs, ([{ pid }, { resident }]) => ({ pid, resident }));
  }

  /** Starts a host; it is killed if it does not say Hello. Throws if no process can be made. */
  spawn(): PluginHost {
    const { command, receiver, clock } = this.#options;
    const host = new PluginHost(command, receiver, clock);
    this.counts.started++;
    this.#hosts.add(host);
    void this.#attend(host, clock.after(START_TIMEOUT, () => host.kill("never_ready")).unref());
    return host;
  }

  /** Kills all that run and waits until they are gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#heartbeat[Symbol.dispose]();
    const hosts = [...this.#hosts];
    for (const host of hosts) host.kill("disposed");
    await Promise.all(hosts.map((host) => host.ended));
  }

  async #attend(host: PluginHost, starting: Timer): Promise<void> {
    const { limits, clock } = this.#options;
    await host.started;
    starting[Symbol.dispose]();
    this.#dogs.set(host, new Watchdog(host, limits, clock));
    const exit = await host.ended;
    this.#dogs.delete(host);
    this.#hosts.delete(host);
    this.#report(exit);
  }

  #report(exit: HostExit): void {
    if (exit.killed === "disposed" || exit.killed === "retired") return;
    this.counts.died++;
    const { pid, onCpu, output } = exit;
    this.#options.log.error({ pid, onCpu, output, how: describeExit(exit) }, "a plugin host ended");
  }
}
