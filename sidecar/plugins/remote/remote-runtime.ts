import type { Clock } from "../../../core/clock.ts";
import type { Logger } from "../../../core/log.ts";
import type { GenerationSpec } from "../generation-registry.ts";
import type { LoadOutcome, PluginRuntime } from "../plugin-runtime.ts";
import { RemotePlugin } from "./remote-plugin.ts";

/** Plugins that run elsewhere, as gRPC servers at an address of their manifest. */
export class RemoteRuntime implements PluginRuntime {
  readonly name = "remote";
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #plugins = new Set<RemotePlugin>();

  constructor(clock: Clock, log: Logger) {
    this.#clock = clock;
    this.#log = log;
  }

  /**
   * Connects and shakes hands. A server that is another plugin is a failure. One that is not there (yet) is a failure
   * only where an older generation of the plugin can go on; else the instance is given out with fault `unreachable`
   * and connects as soon as it can, since containers of one pod start in any order.
   */
  async load(spec: GenerationSpec): Promise<LoadOutcome> {
    const { manifest } = spec.package;
    const endpoint = { address: manifest.address ?? "", manifest, configJson: configText(spec.config) };
    const plugin: RemotePlugin = new RemotePlugin(endpoint, this.#clock, this.#log, {
      changed: () => {},
      closed: () => void this.#plugins.delete(plugin),
    });
    const hasOlder = [...this.#plugins].some(
      ({ name, fault }) => name === manifest.name && fault === undefined,
    );
    this.#plugins.add(plugin);
    const first = await plugin.connect();
    if (first.kind === "connected" || (first.kind === "unreachable" && !hasOlder))
      return { kind: "loaded", instance: plugin };
    plugin.close(first.reason);
    const cause = first.kind === "refused" ? "not_loaded" : "unreachable";
    return { kind: "failed", cause, detail: first.reason };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const plugin of this.#plugins) plugin.close("the sidecar stops");
  }
}

/** As DescribeRequest wants it. */
export function configText(config: unknown): string {
  return config === undefined ? "" : JSON.stringify(config);
}
