import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { AskResult, SegmentCall } from "../../chain/runner.ts";
import type { FailureCause } from "../../chain/verdict.ts";
import type { PluginInstance } from "../plugin-runtime.ts";
import { QuestionEncoder } from "./mesh-request.ts";
import type { PluginEndpoint } from "./plugin-connection.ts";
import { PluginLink, type FirstAttempt } from "./plugin-link.ts";
import { RemoteRunner } from "./remote-runner.ts";

/** One generation of a plugin behind gRPC, wherever its server runs. */
export class RemotePlugin implements PluginInstance {
  /** Of the plugin. */
  readonly name: string;
  readonly runner: RemoteRunner;
  readonly #link: PluginLink;
  readonly #closed: () => void;

  /** `closed` is called once, when nothing is left of it. */
  constructor(endpoint: PluginEndpoint, clock: Clock, log: Logger, closed: () => void) {
    this.name = endpoint.manifest.name;
    this.#closed = closed;
    const encoder = new QuestionEncoder();
    const { name: plugin, version } = endpoint.manifest;
    this.#link = new PluginLink(endpoint, encoder, clock, {
      writable: () => this.runner.pump(),
      changed: (reason) => {
        if (reason === undefined) log.info({ plugin, version }, "plugin connected");
        else log.warn({ plugin, version, reason }, "plugin not connected");
        if (reason !== undefined) this.runner.disconnected(reason);
      },
    });
    this.runner = new RemoteRunner(this.#link, encoder, clock);
  }

  /** The first attempt; others follow by themselves. */
  async connect(): Promise<FirstAttempt> {
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
    this.#link.close(reason);
    this.runner.disconnected(reason);
    this.#closed();
  }
}
