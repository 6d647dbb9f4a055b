import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { AskResult, SegmentCall } from "../../chain/runner.ts";
import type { FailureCause } from "../../chain/verdict.ts";
import type { PluginInstance } from "../plugin-runtime.ts";
import { QuestionEncoder } from "./mesh-request.ts";
import type { PluginEndpoint } from "./plugin-connection.ts";
import { PluginLink, type LinkStatus } from "./plugin-link.ts";
import { RemoteRunner } from "./remote-runner.ts";

/** What a plugin behind gRPC tells whoever loaded it. */
export interface RemotePluginEvents {
  /** It is connected, or is not, and why. */
  changed(status: LinkStatus): void;
  /** Nothing is left of it. Once. */
  closed(): void;
}

/** One generation of a plugin behind gRPC, wherever its server runs. */
export class RemotePlugin implements PluginInstance {
  /** Of the plugin. */
  readonly name: string;
  readonly runner: RemoteRunner;
  readonly #link: PluginLink;
  readonly #events: RemotePluginEvents;
  #over = false;

  constructor(endpoint: PluginEndpoint, clock: Clock, log: Logger, events: RemotePluginEvents) {
    this.name = endpoint.manifest.name;
    this.#events = events;
    const encoder = new QuestionEncoder();
    const { name: plugin, version } = endpoint.manifest;
    this.#link = new PluginLink(endpoint, encoder, clock, {
      writable: () => this.runner.pump(),
      changed: (status) => {
        if (status.kind === "connected") log.info({ plugin, version }, "plugin connected");
        else log.warn({ plugin, version, reason: status.reason }, "plugin not connected");
        if (status.kind !== "connected") this.runner.disconnected(status.reason);
        events.changed(status);
      },
    });
    this.runner = new RemoteRunner(this.#link, encoder, clock);
  }

  /** The first attempt; others follow by themselves. */
  async connect(): Promise<LinkStatus> {
    return this.#link.connect();
  }

  /** There is reason to think that its server is there now. */
  retry(): void {
    this.#link.retry();
  }

  get fault(): FailureCause | undefined {
    return this.#link.fault === undefined ? undefined : "unreachable";
  }

  get faultDetail(): string | undefined {
    return this.#link.fault;
  }

  /** The plugin is where every question goes: a probe is a question whose verdict nobody waits for. */
  probe(call: SegmentCall, done: (result: AskResult) => void): void {
    this.runner.run(call, (results) => {
      const [result] = results;
      if (result !== undefined) done(result);
    });
  }

  async unload(): Promise<void> {
    await this.runner.drain();
    this.close("unloaded");
  }

  /** At once: what is under way fails. */
  close(reason: string): void {
    if (this.#over) return;
    this.#over = true;
    this.#link.close(reason);
    this.runner.disconnected(reason);
    this.#events.closed();
  }
}
