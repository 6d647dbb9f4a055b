import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { AskResult, SegmentCall, SegmentRunner } from "../../chain/runner.ts";
import type { FailureCause } from "../../chain/verdict.ts";
import type { GenerationSpec } from "../generation-registry.ts";
import type { PluginInstance } from "../plugin-runtime.ts";
import type { LinkStatus } from "../remote/plugin-link.ts";
import { RemotePlugin } from "../remote/remote-plugin.ts";
import { configText } from "../remote/remote-runtime.ts";
import { PluginProcess } from "./plugin-process.ts";

export interface ProcessPluginOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

/** Milliseconds from the start of a process to its handshake. */
const START_PATIENCE = 10_000;

/** One generation of a process plugin: a supervised process, and a connection to the socket that it serves. */
export class ProcessPlugin implements PluginInstance {
  readonly name: string;
  readonly #process: PluginProcess;
  readonly #remote: RemotePlugin;
  readonly #clock: Clock;
  readonly #stopped: () => Promise<void>;
  #stopping: Promise<void> | undefined;
  readonly #first = Promise.withResolvers<LinkStatus>();

  /** `stopped` is called once, when nothing of it runs any more. */
  constructor(
    spec: GenerationSpec,
    socket: string,
    options: ProcessPluginOptions,
    stopped: () => Promise<void>,
  ) {
    const { manifest, directory } = spec.package;
    const { clock, log } = options;
    this.name = manifest.name;
    this.#clock = clock;
    this.#stopped = stopped;
    const endpoint = { address: `unix:${socket}`, manifest, configJson: configText(spec.config) };
    this.#remote = new RemotePlugin(endpoint, clock, log, {
      changed: (status) => this.#connectionChanged(status),
      closed: () => {},
    });
    const events = {
      listening: () => this.#remote.retry(),
      ended: (reason: string) => this.#first.resolve({ kind: "unreachable", reason }),
    };
    this.#process = new PluginProcess({ ...options, manifest, directory, socket, events });
  }

  /** Resolves with the first thing that tells how it goes; the process is started again whatever that is. */
  async start(): Promise<LinkStatus> {
    this.#process.start();
    const reason = `the plugin ${this.name} has not answered on its socket within ${START_PATIENCE / 1_000} s`;
    using _timer = this.#clock.after(START_PATIENCE, () =>
      this.#first.resolve({ kind: "unreachable", reason }),
    );
    return await this.#first.promise;
  }

  get runner(): SegmentRunner {
    return this.#remote.runner;
  }

  get fault(): FailureCause | undefined {
    return this.#remote.fault;
  }

  get faultDetail(): string | undefined {
    const detail = this.#remote.faultDetail;
    return detail === undefined ? undefined : (this.#process.lastEnd ?? detail);
  }

  probe(call: SegmentCall, done: (result: AskResult) => void): void {
    this.#remote.probe(call, done);
  }

  async unload(): Promise<void> {
    await this.#remote.unload();
    await this.stop("unloaded");
  }

  /** At once: what is under way fails. Resolves when nothing of it runs any more, however often it is called. */
  async stop(reason: string): Promise<void> {
    this.#stopping ??= this.#stop(reason);
    await this.#stopping;
  }

  async #stop(reason: string): Promise<void> {
    this.#remote.close(reason);
    this.#first.resolve({ kind: "unreachable", reason });
    await this.#process.stop();
    await this.#stopped();
  }

  #connectionChanged(status: LinkStatus): void {
    this.#process.connectionChanged(status.kind === "connected");
    // Not reachable yet is what a process that is starting is.
    if (status.kind !== "unreachable") this.#first.resolve(status);
  }
}
