import type { Clock } from "../../../core/clock.ts";
import { messageOf } from "../../../core/errors.ts";
import type { Logger } from "../../../core/log.ts";
import type { AskResult, SegmentCall } from "../../chain/runner.ts";
import type { Fault, FetchRequest, KeyValueChanges } from "../../plugin-host/protocol/messages.ts";
import type { GenerationSpec } from "../generation-registry.ts";
import type { LoadFailure, LoadOutcome, PluginInstance, PluginRuntime } from "../plugin-runtime.ts";
import { Culprits } from "./culprits.ts";
import { failed } from "./host-answer.ts";
import { blamed, describeExit, type HostExit } from "./host-exit.ts";
import { HostLoader } from "./host-loader.ts";
import { HostNursery } from "./host-nursery.ts";
import { HostPair } from "./host-pair.ts";
import type { HostCommand } from "./host-process.ts";
import { IsolateInstance } from "./isolate-instance.ts";
import { IsolateInstances } from "./isolate-instances.ts";
import { KeyValueReplication } from "./key-value-replication.ts";
import type { PluginFetch } from "./plugin-fetch.ts";
import type { HostReceiver, PluginHost } from "./plugin-host.ts";
import { PluginLog } from "./plugin-log.ts";
import { cgroupMemoryLimit } from "./process-usage.ts";
import { Quarantine, type Quarantined } from "./quarantine.ts";
import { RunDeadlines } from "./run-deadlines.ts";
import { RunDispatcher, type RunCounts } from "./run-dispatcher.ts";
import { SecondChance } from "./second-chance.ts";

export interface IsolateRuntimeOptions {
  /** What is run as a plugin host. */
  readonly command: HostCommand;
  readonly clock: Clock;
  readonly log: Logger;
  /**
   * Bytes that one host may have resident before it is killed. Default: 192 MiB and the limits of the plugins in it,
   * at most a third of the control group's limit (there are two hosts and the sidecar).
   */
  readonly hostMemory?: number | undefined;
  /** Ports of this sidecar that no plugin's fetch gets to; see `PluginFetch`. */
  readonly ownPorts: readonly number[];
}

/** Numbers for metrics, to be read at scrape time; totals are since the beginning. */
export interface IsolateRuntimeStatus {
  readonly runs: Readonly<RunCounts>;
  /** Runs under way, and those that wait for a host. */
  readonly inFlight: number;
  readonly waiting: number;
  readonly hostsStarted: number;
  readonly hostDeaths: number;
  readonly promotions: number;
  readonly loaded: number;
  readonly unloaded: number;
  readonly hosts: readonly { readonly pid: number; readonly resident: number }[];
  /** Process ids; undefined: nobody has this role now. */
  readonly active: number | undefined;
  readonly standby: number | undefined;
  readonly quarantined: readonly Quarantined[];
}

const HOST_BASE_MEMORY = 192 * 1024 * 1024;
const SHARE_OF_GROUP = 3;
/** ms that runs of a generation that is unloaded may still take, and between looks whether they are through. */
const DRAIN = 1_000;
const DRAIN_LOOK = 10;
const MAX_SOURCE_BYTES = 8 * 1024 * 1024;

/**
 * Plugins in isolates: an active plugin host and a warm standby, which all isolate plugins share, and whatever it
 * takes so that one of them harms only itself. The hosts are started with the first plugin
 * and kept until the runtime is disposed of.
 */
export class IsolateRuntime implements PluginRuntime {
  readonly name = "isolate";
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #instances = new IsolateInstances();
  readonly #logs = new WeakMap<IsolateInstance, PluginLog>();
  readonly #quarantine = new Quarantine();
  readonly #ownPorts: readonly number[];
  /**
   * Loaded with the first plugin that may fetch: its HTTP client takes 5 MiB, few plugins fetch, and reading it stops
   * everything for as long as 0.4 s, which is not to be in the midst of traffic.
   */
  #fetch: Promise<PluginFetch> | undefined;
  readonly #nursery: HostNursery;
  readonly #pair: HostPair;
  readonly #loader: HostLoader;
  readonly #store: KeyValueReplication;
  readonly #dispatcher: RunDispatcher;
  readonly #deadlines: RunDeadlines;
  readonly #culprits: Culprits;

  constructor({ command, clock, log, hostMemory, ownPorts }: IsolateRuntimeOptions) {
    this.#ownPorts = ownPorts;
    this.#clock = clock;
    this.#log = log;
    const memory = (): number => hostMemory ?? defaultCeiling(this.#instances.memory);
    const limits = { memory, longestEntry: () => this.#instances.longestEntry };
    this.#nursery = new HostNursery({ command, receiver: this.#receiver(), limits, clock, log });
    this.#pair = new HostPair({
      nursery: this.#nursery,
      clock,
      log,
      warm: (host) => this.#loader.warm(host),
      activated: () => this.#activated(),
      ended: (host, exit) => this.#hostEnded(host, exit),
    });
    const replicas = () => ({ hosts: this.#pair.hosts, instances: this.#instances.byGeneration.values() });
    this.#store = new KeyValueReplication(replicas, clock);
    const frameOf = (instance: IsolateInstance) => instance.loadFrame(this.#store.entries(instance.plugin));
    this.#loader = new HostLoader(this.#pair, frameOf, clock, log);
    this.#dispatcher = new RunDispatcher(this.#pair, this.#instances.byGeneration, clock);
    this.#deadlines = new RunDeadlines(this.#dispatcher, this.#pair, clock);
    const chance = new SecondChance(this.#nursery, (run, host) => this.#dispatcher.sendTo(run, host), clock);
    this.#culprits = new Culprits({
      instances: this.#instances,
      quarantine: this.#quarantine,
      loader: this.#loader,
      chance,
      frameOf,
      clock,
      log,
    });
  }

  get status(): IsolateRuntimeStatus {
    const { active, standby, promotions } = this.#pair;
    return {
      runs: this.#dispatcher.counts,
      inFlight: (active?.inFlight.size ?? 0) + (standby?.inFlight.size ?? 0),
      waiting: this.#dispatcher.waiting.size,
      hostsStarted: this.#nursery.counts.started,
      hostDeaths: this.#nursery.counts.died,
      promotions,
      ...this.#loader.counts,
      hosts: this.#nursery.running,
      active: active?.pid,
      standby: standby?.pid,
      quarantined: this.#quarantine.entries,
    };
  }

  async load(spec: GenerationSpec, generation: number): Promise<LoadOutcome> {
    const known = this.#quarantine.find(spec);
    if (known !== undefined) return failure("quarantined", known.detail);
    if ((spec.package.source?.length ?? 0) > MAX_SOURCE_BYTES)
      return failure("not_loaded", `the script is longer than ${MAX_SOURCE_BYTES} bytes`);
    let instance: IsolateInstance;
    try {
      instance = new IsolateInstance(generation, spec, this.#instances.nextLoad());
    } catch (thrown) {
      return failure("not_loaded", messageOf(thrown));
    }
    if (instance.fetch.length > 0) this.#fetch ??= this.#loadFetch();
    this.#instances.add(instance);
    this.#pair.start();
    const brought = await this.#culprits.bringUp(instance);
    if (brought.kind === "up") return { kind: "loaded", instance: this.#present(instance) };
    this.#remove(instance);
    return failure(brought.cause, brought.detail);
  }

  /** Lets a plugin's quarantined code be tried again, at once where a generation of it waits; false: none was. */
  releaseQuarantine(plugin: string): Promise<boolean> {
    return this.#culprits.release(plugin);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#dispatcher.stop();
    this.#deadlines[Symbol.dispose]();
    this.#store[Symbol.dispose]();
    this.#loader[Symbol.dispose]();
    await this.#pair[Symbol.asyncDispose]();
    await this.#nursery[Symbol.asyncDispose]();
    await (await this.#fetch)?.[Symbol.asyncDispose]();
  }

  #present(instance: IsolateInstance): PluginInstance {
    return {
      runner: this.#dispatcher,
      get fault() {
        return instance.fault;
      },
      get faultDetail() {
        return instance.faultDetail;
      },
      probe: (call, done) => this.#probe(call, done),
      unload: () => this.#unload(instance),
    };
  }

  #probe(call: SegmentCall, done: (result: AskResult) => void): void {
    const unasked: AskResult = { verdict: failed("host_busy", "it was not asked"), micros: 0 };
    this.#dispatcher.probe(call, (result = unasked) => done(result));
  }

  async #unload(instance: IsolateInstance): Promise<void> {
    const { kind } = instance.state;
    instance.state = { kind: "unloaded" };
    for (let waited = 0; waited < DRAIN && this.#isUnderWay(instance); waited += DRAIN_LOOK)
      await this.#pause(DRAIN_LOOK);
    await this.#loader.withdraw(instance, kind !== "running");
    this.#remove(instance);
  }

  #isUnderWay({ generation }: IsolateInstance): boolean {
    return this.#pair.hosts.some((host) => this.#dispatcher.underWay(host, generation).length > 0);
  }

  #remove(instance: IsolateInstance): void {
    this.#instances.remove(instance);
    const others = this.#instances.byGeneration.values();
    if (others.some(({ plugin }) => plugin === instance.plugin)) return;
    this.#store.forget(instance.plugin);
    void this.#fetch?.then((fetch) => fetch.forget(instance.plugin));
  }

  async #pause(milliseconds: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#clock.after(milliseconds, resolve);
    await promise;
  }

  #activated(): void {
    this.#store.spread();
    this.#dispatcher.resume();
  }

  #hostEnded(host: PluginHost, exit: HostExit): boolean {
    this.#store.drop(host);
    const culprit = this.#instances.byLoad(blamed(exit));
    const questions = culprit === undefined ? [] : this.#dispatcher.underWay(host, culprit.generation);
    if (culprit !== undefined) this.#culprits.accuse(culprit, describeExit(exit), questions);
    this.#dispatcher.hostEnded(host, culprit?.generation, describeExit(exit));
    return culprit !== undefined;
  }

  #receiver(): HostReceiver {
    return {
      ran: (host, sending, ran) => this.#dispatcher.ran(host, sending, ran),
      log: (_host, lines) => this.#logOf(lines.generation)?.write(lines),
      fetch: (host, request) => void this.#fetchFor(host, request),
      keyValue: (host, changes) => this.#keyValue(host, changes),
      fault: (host, fault) => this.#fault(host, fault),
    };
  }

  #logOf(load: number): PluginLog | undefined {
    const instance = this.#instances.byLoad(load);
    if (instance === undefined) return undefined;
    const known = this.#logs.get(instance);
    if (known !== undefined) return known;
    const { name, version } = instance.spec.package.manifest;
    const { generation } = instance;
    const log = new PluginLog(this.#log.child({ plugin: name, version, generation }), this.#clock);
    this.#logs.set(instance, log);
    return log;
  }

  /** Something went wrong in a plugin that no run tells of. */
  #fault(host: PluginHost, { generation, failure: { cause, detail }, lost }: Fault): void {
    const text = `${cause}: ${detail}`;
    this.#logOf(generation)?.write({
      kind: "log",
      generation,
      lines: [{ level: "error", text }],
      dropped: 0,
    });
    const instance = this.#instances.byLoad(generation);
    if (lost && instance !== undefined && this.#pair.hosts.includes(host))
      this.#culprits.lost(instance, text);
  }

  #keyValue(host: PluginHost, changes: KeyValueChanges): void {
    const instance = this.#instances.byLoad(changes.generation);
    // What a scratch host does is a rehearsal.
    if (instance === undefined || !this.#pair.hosts.includes(host)) return;
    if (instance.spec.package.manifest.permissions.kv) this.#store.apply(host, instance, changes);
  }

  async #fetchFor(host: PluginHost, request: FetchRequest): Promise<void> {
    const { id, generation, ...asked } = request;
    const answer = { kind: "fetched", id, status: 0, headers: [], body: Buffer.alloc(0), error: "" } as const;
    const instance = this.#instances.byLoad(generation);
    if (instance === undefined)
      return host.tell({ ...answer, error: "this generation is not loaded any more" });
    try {
      const fetch = await (this.#fetch ??= this.#loadFetch());
      host.tell({ ...answer, ...(await fetch.fetch(instance.plugin, instance.fetch, asked)) });
    } catch (thrown) {
      host.tell({ ...answer, error: messageOf(thrown) || "the fetch failed" });
    }
  }

  async #loadFetch(): Promise<PluginFetch> {
    const module = await import("./plugin-fetch.ts");
    return new module.PluginFetch({ clock: this.#clock, ownPorts: this.#ownPorts });
  }
}

function failure(cause: LoadFailure["cause"], detail: string): LoadFailure {
  return { kind: "failed", cause, detail };
}

function defaultCeiling(pluginMemory: number): number {
  const wanted = HOST_BASE_MEMORY + pluginMemory;
  const limit = cgroupMemoryLimit();
  return limit === undefined ? wanted : Math.min(wanted, limit / SHARE_OF_GROUP);
}
