import { Backoff } from "../../../core/backoff.ts";
import type { Clock, Timer } from "../../../core/clock.ts";
import { messageOf } from "../../../core/errors.ts";
import type { Logger } from "../../../core/log.ts";
import type { HostExit } from "./host-exit.ts";
import type { HostNursery } from "./host-nursery.ts";
import type { PluginHost } from "./plugin-host.ts";

export interface HostPairOptions {
  readonly nursery: HostNursery;
  readonly clock: Clock;
  readonly log: Logger;
  /** Brings a new host to where it can answer for everybody; false: it ended on the way. */
  readonly warm: (host: PluginHost) => Promise<boolean>;
  /** A host has become the active one, by its start or by promotion; what waits may go to it. */
  readonly activated: (host: PluginHost) => void;
  /**
   * A host of the pair is gone; its successor has been promoted already, if there was one. True: what brought it down
   * is kept out of the next, which need not wait.
   */
  readonly ended: (host: PluginHost, exit: HostExit) => boolean;
}

/** A host that lived so long, ms, was not brought down by what brought its predecessor down. */
const STEADY_AFTER = 5_000;
const RESPAWN = { first: 50, ceiling: 10_000 } as const;
const PAIR = 2;

/**
 * The active host, which is asked, and the warm standby, which takes over when it dies. Whoever is gone is replaced,
 * at once after a steady life or a known end, with growing waits otherwise.
 */
export class HostPair implements AsyncDisposable {
  readonly #options: HostPairOptions;
  readonly #respawn = new Backoff(RESPAWN);
  readonly #hosts = new Set<PluginHost>();
  readonly #changes = new Set<() => void>();
  #active: PluginHost | undefined;
  #standby: PluginHost | undefined;
  #promotions = 0;
  #waiting: Timer | undefined;
  #stopped = false;

  constructor(options: HostPairOptions) {
    this.#options = options;
  }

  get active(): PluginHost | undefined {
    return this.#active;
  }

  get standby(): PluginHost | undefined {
    return this.#standby;
  }

  /** Those being warmed included. */
  get hosts(): readonly PluginHost[] {
    return [...this.#hosts];
  }

  /** How often a standby took over. */
  get promotions(): number {
    return this.#promotions;
  }

  start(): void {
    while (!this.#stopped && this.#waiting === undefined && this.#hosts.size < PAIR) this.#spawn();
  }

  /** The host in this role, as soon as there is one; undefined: none came within `timeout` ms. */
  async inRole(role: "active" | "standby", timeout: number): Promise<PluginHost | undefined> {
    const due = this.#options.clock.now() + timeout;
    for (;;) {
      const host = role === "active" ? this.#active : this.#standby;
      const left = due - this.#options.clock.now();
      if (host !== undefined || left <= 0 || this.#stopped) return host;
      await this.#change(left);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#waiting?.[Symbol.dispose]();
    const hosts = this.hosts;
    for (const host of hosts) host.kill("disposed");
    await Promise.all(hosts.map((host) => host.ended));
    this.#announce();
  }

  #spawn(): void {
    let host: PluginHost;
    try {
      host = this.#options.nursery.spawn();
    } catch (thrown) {
      this.#options.log.error({ err: messageOf(thrown) }, "a plugin host could not be started");
      return this.#later();
    }
    host.leader = () => this.#active;
    this.#hosts.add(host);
    void this.#raise(host);
  }

  async #raise(host: PluginHost): Promise<void> {
    let readyAt: number | undefined;
    const ready = async (): Promise<void> => {
      if ((await host.started) !== undefined) return;
      host.ping();
      if (!(await this.#options.warm(host))) return;
      readyAt = this.#options.clock.now();
      this.#takeRole(host);
    };
    void ready();
    const exit = await host.ended;
    this.#hosts.delete(host);
    this.#leaveRole(host);
    const explained = this.#options.ended(host, exit);
    const steady = readyAt !== undefined && this.#options.clock.now() - readyAt >= STEADY_AFTER;
    if (!explained && !steady) return this.#later();
    this.#respawn.reset();
    this.start();
  }

  #takeRole(host: PluginHost): void {
    if (!this.#hosts.has(host)) return;
    if (this.#active === undefined) {
      this.#active = host;
      this.#options.activated(host);
    } else this.#standby = host;
    this.#announce();
  }

  #leaveRole(host: PluginHost): void {
    if (this.#standby === host) this.#standby = undefined;
    if (this.#active !== host) return;
    this.#active = this.#standby;
    this.#standby = undefined;
    if (this.#active === undefined) return;
    this.#promotions++;
    this.#options.activated(this.#active);
  }

  #later(): void {
    if (this.#stopped || this.#waiting !== undefined) return;
    this.#waiting = this.#options.clock.after(this.#respawn.next(), () => {
      this.#waiting = undefined;
      this.start();
    });
  }

  #announce(): void {
    for (const told of this.#changes) told();
    this.#changes.clear();
  }

  async #change(timeout: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#changes.add(resolve);
    using _ = this.#options.clock.after(timeout, resolve);
    await promise;
    this.#changes.delete(resolve);
  }
}
